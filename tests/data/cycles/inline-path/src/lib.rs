mod function;
mod macros;
mod patterns;
mod types;
mod with;
