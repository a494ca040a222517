//! The ways to deploy a stack. There is one so far: [`direct`], without CloudFormation.
pub mod direct;
