//! Mode `executor`: runs the actions of Flyte 2 as pods.

mod action;
mod failure;
mod settings;
mod template;
mod transition;
