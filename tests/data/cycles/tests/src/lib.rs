#[cfg(test)]
mod fixture;
mod kind;
mod plan;
