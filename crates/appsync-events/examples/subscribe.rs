//! Prints the events of channels of an Event API, and what happens to the connection, until Ctrl-C:
//!
//! ```console
//! $ API_KEY=da2-… cargo run --example subscribe -- https://HOST/event '/default/*'
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "an example is a program: it reads the environment and prints"
)]
use std::error::Error;

use appsync_events::{Channel, Client, Credentials, Endpoint, Secret, SubscriberEvent};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, channels @ ..] = arguments.as_slice() else {
        return Err("usage: subscribe URL CHANNEL…".into());
    };
    let client = Client::new(Endpoint::parse(url)?);
    let credentials = Credentials::ApiKey(Secret::new(std::env::var("API_KEY")?));

    let mut subscriber = client.subscriber(credentials.clone());
    for channel in channels {
        subscriber = subscriber.with_channel(Channel::parse_pattern(channel)?, credentials.clone());
    }
    let mut subscription = subscriber.start();
    loop {
        let event = tokio::select! {
            event = subscription.next() => event,
            _ = tokio::signal::ctrl_c() => break,
        };
        let Some(event) = event.transpose()? else { break };
        match event {
            SubscriberEvent::Event(event) => println!("{}: {}", event.channel, event.payload),
            SubscriberEvent::Subscribed { channel } => eprintln!("subscribed to {channel}"),
            SubscriberEvent::ConnectionLost { error } => eprintln!("connection lost: {error}"),
            SubscriberEvent::DeliveryFailed { error, .. } => eprintln!("{error}"),
            SubscriberEvent::Connected | SubscriberEvent::Reconnecting { .. } => {}
        }
    }
    subscription.close().await;
    Ok(())
}
