mod parent;
mod sibling;
mod source;
