mod kind;
mod plan;
