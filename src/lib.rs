//! `provision` declares, checks, plans and applies AWS AppSync Events.
