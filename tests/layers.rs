//! Who may import whom. A new edge is a design decision: make it here, in review.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A row may name only rows above it, so the whole can't go round in a circle.
const MAY: &[(&str, &[&str])] = &[
    ("address", &[]),
    ("diagnostic", &[]),
    ("explain", &[]),
    ("suggest", &[]),
    ("handler", &["diagnostic", "suggest"]),
    ("text", &["address"]),
    ("model", &["address", "text"]),
    ("kind", &["address", "diagnostic", "handler", "model", "text"]),
    ("mark", &["address", "kind"]),
    ("settle", &["address", "kind", "model", "text"]),
    ("diff", &["address", "kind", "model", "settle"]),
    ("policy", &["address", "diff", "kind", "mark", "model"]),
    ("plan", &["address", "diff", "kind", "model"]),
    ("aws", &[]),
    ("event", &["address", "aws", "plan"]),
    ("source", &["diagnostic", "suggest"]),
    ("allow", &["diagnostic", "explain", "source", "suggest"]),
    ("calls", &["address", "aws", "kind", "mark", "model"]),
    (
        "kinds",
        &[
            "address",
            "aws",
            "calls",
            "diagnostic",
            "handler",
            "kind",
            "mark",
            "model",
            "suggest",
            "text",
        ],
    ),
    ("access", &["address", "diagnostic", "kind", "kinds", "model", "text"]),
    ("saved", &["address", "kind", "kinds", "model", "plan", "policy"]),
    (
        "spec",
        &[
            "access",
            "address",
            "diagnostic",
            "kind",
            "kinds",
            "mark",
            "model",
            "source",
            "suggest",
            "text",
        ],
    ),
    (
        "render",
        &[
            "access",
            "address",
            "allow",
            "diagnostic",
            "diff",
            "event",
            "explain",
            "kind",
            "mark",
            "model",
            "plan",
            "policy",
            "source",
            "spec",
            "suggest",
            "text",
        ],
    ),
    (
        "template",
        &[
            "address",
            "diagnostic",
            "kind",
            "kinds",
            "mark",
            "model",
            "render",
            "source",
            "spec",
            "text",
        ],
    ),
    ("live", &["address", "aws", "calls", "kind", "kinds", "mark", "model"]),
    (
        "apply",
        &[
            "address", "aws", "calls", "event", "kind", "kinds", "live", "mark", "model", "plan",
            "text",
        ],
    ),
    ("backend", &["address", "apply", "aws", "diff", "event", "kind", "live", "model", "plan"]),
    (
        "cli",
        &[
            "access",
            "address",
            "allow",
            "apply",
            "aws",
            "backend",
            "diagnostic",
            "diff",
            "event",
            "explain",
            "handler",
            "kind",
            "live",
            "plan",
            "policy",
            "render",
            "saved",
            "source",
            "spec",
            "suggest",
            "template",
        ],
    ),
];

/// Files whose layer is pure: no network, no files, no waiting.
const PURE: &[&str] = &[
    "address",
    "suggest",
    "diagnostic",
    "explain",
    "handler",
    "text",
    "model",
    "kind",
    "mark",
    "settle",
    "diff",
    "policy",
    "plan",
    "event",
    "source",
    "access",
    "saved",
    "allow",
    "spec",
    "render",
    "template",
];

#[test]
fn no_layer_imports_upwards() {
    for (n, (layer, may)) in MAY.iter().enumerate() {
        for target in *may {
            assert!(MAY[..n].iter().any(|(above, _)| above == target), "{layer} -> {target}");
        }
    }
}

#[test]
fn every_import_is_allowed_and_every_leave_is_used() {
    let (mut strays, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (layer, text) in sources() {
        let row = MAY.iter().find(|(name, _)| *name == layer);
        let (_, may) = row.unwrap_or_else(|| panic!("{layer} has no row"));
        for part in text.split("crate::").skip(1) {
            let target: String =
                part.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
            if target != layer && !may.contains(&&*target) {
                strays.insert(format!("{layer} -> {target}"));
            }
            used.insert((layer.clone(), target));
        }
    }
    assert_eq!(strays, BTreeSet::new());
    let idle = MAY
        .iter()
        .flat_map(|(layer, may)| may.iter().map(move |it| (layer.to_string(), it.to_string())));
    let idle: Vec<_> = idle.filter(|edge| !used.contains(edge)).collect();
    assert_eq!(idle, []);
}

#[test]
fn the_core_does_nothing_but_think() {
    for (layer, text) in sources().into_iter().filter(|(layer, _)| PURE.contains(&layer.as_str())) {
        for effect in ["std::fs", "std::net", "tokio::", "aws_sdk", "async fn", "std::io"] {
            assert!(!text.contains(effect), "{layer} uses {effect}");
        }
    }
}

/// The layer and the text of every source file, its tests left out.
fn sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(&src).unwrap().with_extension("");
            let layer = inside.iter().next().unwrap().to_str().unwrap().to_owned();
            if ["main", "lib"].contains(&layer.as_str()) {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            found.push((layer, text));
        }
    }
    found
}
