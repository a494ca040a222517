//! Publishes one event to a channel of an Event API:
//!
//! ```console
//! $ API_KEY=da2-… cargo run --example publish -- https://HOST/event /default/room '{"message":"hello"}'
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "an example is a program: it reads the environment and prints"
)]
use std::error::Error;

use appsync_events::{Channel, Client, Credentials, Endpoint, Event, Secret};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, channel, event] = arguments.as_slice() else {
        return Err("usage: publish URL CHANNEL JSON".into());
    };
    let client = Client::new(Endpoint::parse(url)?);
    let credentials = Credentials::ApiKey(Secret::new(std::env::var("API_KEY")?));
    let channel = Channel::parse(channel)?;

    let mut publisher = client.publisher(credentials);
    let response = publisher.publish(&channel, &[Event::from_json(event)?]).await?;
    for rejected in &response.failed {
        println!("rejected: {}", rejected.message.as_deref().unwrap_or("no reason given"));
    }
    for accepted in &response.successful {
        println!("accepted: {}", accepted.identifier);
    }
    publisher.close().await;
    Ok(())
}
