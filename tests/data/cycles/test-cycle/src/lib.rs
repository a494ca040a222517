#[cfg(test)]
mod fixture;
mod plan;
