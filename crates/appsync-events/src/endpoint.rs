//! Where an Event API is: one URL for requests, one for connections, and the host that is signed.
use http::Uri;
use http::uri::Scheme;

/// The two addresses of an Event API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://HOST/event`
    pub http: Uri,
    /// `wss://HOST/event/realtime`
    pub realtime: Uri,
}

impl Endpoint {
    /// Reads the URL to publish to; where to connect follows from it as Amplify has it follow: on a host of AWS's
    /// own the name changes, anywhere else only the path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| format!("`{text}` is no URL"))?;
        let Some(authority) = uri.authority() else {
            return Err(format!("`{text}` is no whole URL, such as https://HOST/event"));
        };
        // What it says is not repeated: a password may be in it.
        if authority.as_str().contains('@') {
            return Err("a URL of an Event API has no user in it".to_owned());
        }
        let realtime_scheme = match uri.scheme_str() {
            Some("https") => "wss",
            Some("http") => "ws",
            _ => return Err(format!("`{text}` is neither an http:// nor an https:// URL")),
        };
        let path = match uri.path().trim_end_matches('/') {
            "" => "/event",
            path => path,
        };
        if !path.ends_with("/event") || uri.query().is_some() {
            return Err(format!("`{text}` does not end with /event"));
        }
        let made = |scheme: &str, authority: &str, path: &str| {
            let uri = format!("{scheme}://{authority}{path}").parse::<Uri>();
            uri.map_err(|error| format!("`{text}` is no URL: {error}"))
        };
        let scheme = uri.scheme().map_or("https", Scheme::as_str);
        Ok(Self {
            http: made(scheme, authority.as_str(), path)?,
            realtime: made(
                realtime_scheme,
                &realtime_authority(authority.as_str()),
                &format!("{path}/realtime"),
            )?,
        })
    }
    /// The HTTP host, with its port if that is an unusual one: what is signed, for connections too.
    pub fn host(&self) -> &str {
        let authority = self.http.authority().map_or("", |it| it.as_str());
        let usual = if self.http.scheme() == Some(&Scheme::HTTPS) { ":443" } else { ":80" };
        authority.strip_suffix(usual).unwrap_or(authority)
    }
    /// The region that a host of AWS's own names.
    pub fn region(&self) -> Option<&str> {
        let host = self.http.host()?;
        if !is_of_aws(host) {
            return None;
        }
        host.split('.').nth(2)
    }
}

/// Whether this is the host that AWS gives an API, and no custom domain.
pub fn is_of_aws(host: &str) -> bool {
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
    match is_of_aws(host) {
        true => authority.replacen(".appsync-api.", ".appsync-realtime-api.", 1),
        false => authority.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_connect_follows_from_where_to_publish() {
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
    fn what_is_no_address_of_an_event_api_is_refused_with_the_reason() {
        for (text, reason) in [
            ("events.example.com", "neither"),
            ("/event", "no whole URL"),
            ("wss://h/event/realtime", "neither"),
            ("https://h/graphql", "/event"),
            ("https://h/event?x=1", "/event"),
            ("https://user:secret@h/event", "no user"),
            ("https://a b/event", "no URL"),
        ] {
            let refused = Endpoint::parse(text).unwrap_err();
            assert!(refused.contains(reason) && !refused.contains("secret"), "{refused}");
        }
    }
}
