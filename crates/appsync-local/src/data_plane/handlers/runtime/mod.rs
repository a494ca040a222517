//! APPSYNC_JS: the JavaScript engine that runs one function of a handler, and the threads that it runs on. Handlers
//! are untrusted: time, memory, loops and output have limits.
pub mod date_time;
pub mod engine;
pub mod host_functions;
pub mod modules;
pub mod pool;
pub mod run;
pub mod script;
