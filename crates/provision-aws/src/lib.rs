//! The AWS side of `provision`: reading the live state of a stack, and applying a plan to it.
//!
//! [`connect`](connect::connect) makes the SDK clients. [`propose`](proposal::propose) reads the live
//! state and returns the changes that would turn it into the desired state;
//! [`apply_proposal`](proposal::apply_proposal) makes these changes. Every failed call becomes an
//! [`AwsError`](error::AwsError), whose class alone decides whether it is retried, and
//! [`advice`](advice::advice) suggests a fix.
//!
//! This crate decides nothing that `provision-core` can decide without AWS, and it prints nothing: progress is
//! reported as [`Event`](provision_core::event::Event)s. It reads no clock; waiting goes through
//! [`Aws::sleep`](client::Aws::sleep).
#![warn(missing_docs)]

pub mod advice;
pub mod apply;
pub mod client;
pub mod connect;
pub mod error;
pub mod live;
pub mod proposal;

mod calls;
mod kinds;
mod lock;
mod stand_ins;
