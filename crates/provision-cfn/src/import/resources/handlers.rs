//! Which data source serves which handler of a namespace.
use crate::import::evaluate::Evaluator;
use crate::import::resources::Chosen;
use crate::import::value::{Part, Stands, stands_for};
use provision_core::address::Address;
use provision_core::diagnostic::At;
use provision_core::text::Text;

const HANDLERS: &[&str] = &["OnPublish", "OnSubscribe"];
const NAME: &[&str] = &["Integration", "DataSourceName"];

/// Makes every handler name a data source of the spec, or takes it away.
pub fn wire(chosen: &mut Chosen<'_>, evaluator: &mut Evaluator<'_>) {
    let sources: Vec<(Address, Option<Text>)> = chosen
        .ours
        .iter()
        .filter(|it| it.row.section == "dataSources")
        .map(|it| (it.address.clone(), it.properties.get("Name").and_then(Part::as_text).cloned()))
        .collect();
    let addresses = chosen.addresses.clone();
    for ours in chosen.ours.iter_mut().filter(|it| it.row.section == "namespaces") {
        let api = ours.address.parent();
        let Some(configs) = ours.properties.get_mut("HandlerConfigs") else { continue };
        for name in HANDLERS {
            let Some(source) = configs.get(name).and_then(|it| it.at(NAME)) else { continue };
            let Some(text) = source.as_text().cloned() else { continue };
            let of_resource = text.holes().find_map(|hole| match stands_for(hole) {
                Stands::Resource { id, .. } => addresses.get(id).cloned(),
                _ => None,
            });
            let is = |(address, name): &&(Address, Option<Text>)| match &of_resource {
                Some(it) => it == address,
                None => name.as_ref() == Some(&text),
            };
            let mut here = sources.iter().filter(|(it, _)| it.parent() == api);
            match here.find(is) {
                Some((address, _)) => {
                    let text = Text::of(address, "Name");
                    if let Some(part) = configs.get_mut(name).and_then(|it| it.at_mut(NAME)) {
                        part.become_text(text);
                    }
                }
                None => {
                    if text != Text::default() {
                        let message = "this data source is none of the spec's".to_owned();
                        let help = "the handler runs without it; declare it under `dataSources` and \
                                    name it in `handlers`";
                        evaluator.warn("PV526", At::Value(source.at.clone()), message, help);
                    }
                    configs.remove(name);
                }
            }
        }
    }
}
