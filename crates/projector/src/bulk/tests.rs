//! Sorting and spilling.
