//! Where an Event API is: a URL for HTTP requests, a URL for WebSocket connections, and the host that
//! is signed.
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// The addresses of an Event API.
///
/// ```
/// use appsync_events::Endpoint;
///
/// let endpoint = Endpoint::parse("https://abc.appsync-api.eu-west-1.amazonaws.com/event")?;
/// assert_eq!(endpoint.region(), Some("eu-west-1"));
/// let realtime = "wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/event/realtime";
/// assert_eq!(endpoint.realtime.to_string(), realtime);
/// # Ok::<(), appsync_events::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL for HTTP requests, `https://HOST/event`.
    pub http: Uri,
    /// The URL for WebSocket connections, `wss://HOST/event/realtime`.
    pub realtime: Uri,
}

impl Endpoint {
    /// Parses the URL for HTTP requests. The URL for connections follows from it as in Amplify: on
    /// AWS's own hosts the host name differs, on all others only the path.
    ///
    /// # Errors
    ///
    /// If `text` is not an `http://` or `https://` URL with the path `/event` (or a path that ends
    /// with it), or if it has a user name in it.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = |reason: &str| Err(InvalidEndpoint(format!("`{text}` {reason}")));
        let Ok(uri) = text.parse::<Uri>() else { return invalid("is not a valid URL") };
        let Some(authority) = uri.authority() else {
            return invalid("is not an absolute URL, such as https://HOST/event");
        };
        // The message does not quote the URL, which may contain a password.
        if authority.as_str().contains('@') {
            let message = "the URL of an Event API cannot have a user name or password";
            return Err(InvalidEndpoint(message.to_owned()));
        }
        let realtime_scheme = match uri.scheme_str() {
            Some("https") => "wss",
            Some("http") => "ws",
            _ => return invalid("is not an http:// or https:// URL"),
        };
        let path = match uri.path().trim_end_matches('/') {
            "" => "/event",
            path => path,
        };
        if !path.ends_with("/event") || uri.query().is_some() {
            return invalid("does not end with /event");
        }
        let build = |scheme: &str, authority: &str, path: &str| {
            let uri = format!("{scheme}://{authority}{path}").parse::<Uri>();
            uri.map_err(|error| InvalidEndpoint(format!("`{text}` is not a valid URL: {error}")))
        };
        let scheme = uri.scheme().map_or("https", Scheme::as_str);
        let realtime_host = realtime_authority(authority.as_str());
        Ok(Self {
            http: build(scheme, authority.as_str(), path)?,
            realtime: build(realtime_scheme, &realtime_host, &format!("{path}/realtime"))?,
        })
    }

    /// The HTTP host, with the port unless it is the scheme's default. Signatures cover this host,
    /// also those for WebSocket connections.
    pub fn host(&self) -> &str {
        let authority = self.http.authority().map_or("", |authority| authority.as_str());
        let default_port = if self.http.scheme() == Some(&Scheme::HTTPS) { ":443" } else { ":80" };
        authority.strip_suffix(default_port).unwrap_or(authority)
    }

    /// The region in the name of one of AWS's own hosts.
    pub fn region(&self) -> Option<&str> {
        let host = self.http.host()?;
        if !is_aws_host(host) {
            return None;
        }
        host.split('.').nth(2)
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        Self::parse(text)
    }
}

/// Why text is not the URL of an Event API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidEndpoint(String);

/// Whether `host` is one that AWS gives an Event API, as opposed to a custom domain.
pub fn is_aws_host(host: &str) -> bool {
    let mut labels = host.split('.').skip(1);
    labels.next() == Some("appsync-api")
        && labels.next().is_some()
        && matches!(
            labels.collect::<Vec<_>>().as_slice(),
            ["amazonaws", "com"] | ["amazonaws", "com", "cn"]
        )
}

fn realtime_authority(authority: &str) -> String {
    let host = authority.split(':').next().unwrap_or_default();
    match is_aws_host(host) {
        true => authority.replacen(".appsync-api.", ".appsync-realtime-api.", 1),
        false => authority.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realtime_url_follows_from_the_http_url() {
        for (text, http, realtime, host, region) in [
            (
                "https://abc.appsync-api.eu-west-1.amazonaws.com/event",
                "https://abc.appsync-api.eu-west-1.amazonaws.com/event",
                "wss://abc.appsync-realtime-api.eu-west-1.amazonaws.com/event/realtime",
                "abc.appsync-api.eu-west-1.amazonaws.com",
                Some("eu-west-1"),
            ),
            (
                "https://abc.appsync-api.cn-north-1.amazonaws.com.cn",
                "https://abc.appsync-api.cn-north-1.amazonaws.com.cn/event",
                "wss://abc.appsync-realtime-api.cn-north-1.amazonaws.com.cn/event/realtime",
                "abc.appsync-api.cn-north-1.amazonaws.com.cn",
                Some("cn-north-1"),
            ),
            (
                "https://events.example.com:443/event/",
                "https://events.example.com:443/event",
                "wss://events.example.com:443/event/realtime",
                "events.example.com",
                None,
            ),
            (
                "http://127.0.0.1:4100/apis/abc/event",
                "http://127.0.0.1:4100/apis/abc/event",
                "ws://127.0.0.1:4100/apis/abc/event/realtime",
                "127.0.0.1:4100",
                None,
            ),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.http.to_string(), http);
            assert_eq!(endpoint.realtime.to_string(), realtime);
            assert_eq!((endpoint.host(), endpoint.region()), (host, region));
        }
    }

    #[test]
    fn an_invalid_endpoint_is_rejected_with_the_reason() {
        for (text, reason) in [
            ("events.example.com", "is not an http:// or https:// URL"),
            ("/event", "is not an absolute URL"),
            ("wss://h/event/realtime", "is not an http:// or https:// URL"),
            ("https://h/graphql", "/event"),
            ("https://h/event?x=1", "/event"),
            ("https://user:secret@h/event", "cannot have a user name"),
            ("https://a b/event", "is not a valid URL"),
        ] {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{error}");
        }
    }
}
