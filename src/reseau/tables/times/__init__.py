"""What columns and headers say of times, to Julian years of TCB."""
