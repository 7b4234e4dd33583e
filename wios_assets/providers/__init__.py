"""Where photos come from outside the galleries: folders and TMDB, behind one interface."""
