"""Many plates to positions, proper motions and parallaxes of stars."""
