mod access;
mod spec;
