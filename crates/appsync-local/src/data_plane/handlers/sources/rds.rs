//! Aurora clusters as data sources, over the RDS Data API.
use serde_json::{Value, json};

use crate::data_plane::handlers::sources::aws::Service;
use crate::data_plane::handlers::sources::{Failed, Source, malformed, object};
use crate::data_plane::outbound::client::Outgoing;

const SERVICE: Service = Service { name: "rds-data", signed: "rds-data", error: "RDSHttp" };

pub async fn ask(source: &Source<'_>, request: &Value) -> Result<Value, Failed> {
    let statements = request["statements"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=2).contains(&statements.len()) {
        return Err(malformed("a request to a database has one or two `statements`"));
    }
    let config = &source.members["relationalDatabaseConfig"]["rdsHttpEndpointConfig"];
    let endpoint = source.endpoint(&SERVICE)?.trim_end_matches('/');
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    let mut results = Vec::new();
    for statement in statements {
        let sql = statement.as_str().ok_or_else(|| malformed("a statement is a text"))?;
        let body = object(json!({
            "resourceArn": config["dbClusterIdentifier"],
            "secretArn": config["awsSecretStoreArn"],
            "database": config["databaseName"],
            "schema": config["schema"],
            "sql": sql,
            "parameters": parameters(sql, request),
            "includeResultMetadata": true,
        }));
        let outgoing = Outgoing::post(format!("{endpoint}/Execute"), body.to_string().into_bytes())
            .with("content-type", "application/json");
        let answer = source.send(&SERVICE, region, outgoing).await?;
        results.push(object(json!({
            "records": answer["records"],
            "columnMetadata": answer["columnMetadata"],
            "numberOfRecordsUpdated": answer["numberOfRecordsUpdated"],
            "generatedFields": answer["generatedFields"],
        })));
    }
    Ok(json!(json!({ "sqlStatementResults": results }).to_string()))
}

/// The variables that a statement uses, as the Data API has them.
fn parameters(sql: &str, request: &Value) -> Vec<Value> {
    let variables = request["variableMap"].as_object().into_iter().flatten();
    let used = variables.filter(|(name, _)| uses(sql, name));
    used.map(|(name, value)| {
        let value = match value {
            Value::Null => json!({ "isNull": true }),
            Value::Bool(it) => json!({ "booleanValue": it }),
            Value::Number(it) if it.is_i64() => json!({ "longValue": it }),
            Value::Number(it) => json!({ "doubleValue": it }),
            Value::String(it) => json!({ "stringValue": it }),
            other => json!({ "stringValue": other.to_string() }),
        };
        let hint = &request["variableTypeHintMap"][name];
        let name = name.trim_start_matches(':');
        object(json!({ "name": name, "value": value, "typeHint": hint }))
    })
    .collect()
}

/// Whether a statement has a variable, and not one whose name only begins alike.
fn uses(sql: &str, name: &str) -> bool {
    let name = format!(":{}", name.trim_start_matches(':'));
    sql.match_indices(&name).any(|(at, _)| {
        let next = sql[at + name.len()..].chars().next();
        !next.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_')
    })
}
