//! DynamoDB tables as data sources: the operations of handlers, and DynamoDB's typed values.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::data_plane::handlers::data_sources::client::{
    AwsService, DataSourceConfig, DataSourceError, malformed,
};
use crate::json::without_nulls;

const SERVICE: AwsService =
    AwsService { name: "dynamodb", signing_name: "dynamodb", error_prefix: "DynamoDB" };

pub async fn call_dynamodb(
    source: &DataSourceConfig<'_>,
    request: &Value,
) -> Result<Value, DataSourceError> {
    let config = &source.members["dynamodbConfig"];
    let table = &config["tableName"];
    let operation = request["operation"].as_str().unwrap_or_default();
    let (target, body) = match operation {
        "GetItem" => (operation, get(request, table)),
        "PutItem" => (operation, put(request, table)),
        "UpdateItem" => (operation, with_member(update(request, table), "ReturnValues", "ALL_NEW")),
        "DeleteItem" => (operation, with_member(delete(request, table), "ReturnValues", "ALL_OLD")),
        "Query" | "Scan" => (operation, list(request, table)?),
        "BatchGetItem" => (operation, batch_get(request)),
        "BatchPutItem" => ("BatchWriteItem", batch_write(request, "PutRequest", "Item")),
        "BatchDeleteItem" => ("BatchWriteItem", batch_write(request, "DeleteRequest", "Key")),
        "TransactGetItems" => (operation, transact_get(request)),
        "TransactWriteItems" => (operation, transact_write(request)?),
        other => return Err(malformed(format!("`{other}` is not an operation of DynamoDB"))),
    };
    let region = config["awsRegion"].as_str().unwrap_or(source.region);
    let target = format!("DynamoDB_20120810.{target}");
    let response = source.call(&SERVICE, region, "1.0", &target, &body).await?;
    Ok(handler_result(operation, request, &body, &response))
}

fn with_member(mut body: Value, member: &str, value: &str) -> Value {
    body[member] = json!(value);
    body
}

/// Returns the names and values of several expressions, merged.
fn names_and_values(expressions: &[&Value]) -> (Value, Value) {
    let together = |member: &str| {
        let all =
            expressions.iter().filter_map(|expression| expression[member].as_object()).flatten();
        let all: Map<String, Value> =
            all.map(|(name, value)| (name.clone(), value.clone())).collect();
        if all.is_empty() { Value::Null } else { Value::Object(all) }
    };
    (together("expressionNames"), item_to_wire(&together("expressionValues")))
}

fn get(request: &Value, table: &Value) -> Value {
    let projection = &request["projection"];
    without_nulls(json!({
        "TableName": table,
        "Key": item_to_wire(&request["key"]),
        "ConsistentRead": request["consistentRead"],
        "ProjectionExpression": projection["expression"],
        "ExpressionAttributeNames": projection["expressionNames"],
    }))
}

fn put(request: &Value, table: &Value) -> Value {
    let condition = &request["condition"];
    let (names, values) = names_and_values(&[condition]);
    let mut item = item_to_wire(&request["attributeValues"]);
    if item.is_null() {
        item = json!({});
    }
    let key = item_to_wire(&request["key"]);
    for (name, value) in key.as_object().into_iter().flatten() {
        item[name] = value.clone();
    }
    without_nulls(json!({
        "TableName": table,
        "Item": item,
        "ConditionExpression": condition["expression"],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }))
}

fn update(request: &Value, table: &Value) -> Value {
    let (update, condition) = (&request["update"], &request["condition"]);
    let (names, values) = names_and_values(&[update, condition]);
    without_nulls(json!({
        "TableName": table,
        "Key": item_to_wire(&request["key"]),
        "UpdateExpression": update["expression"],
        "ConditionExpression": condition["expression"],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }))
}

fn delete(request: &Value, table: &Value) -> Value {
    let condition = &request["condition"];
    let (names, values) = names_and_values(&[condition]);
    without_nulls(json!({
        "TableName": table,
        "Key": item_to_wire(&request["key"]),
        "ConditionExpression": condition["expression"],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }))
}

fn list(request: &Value, table: &Value) -> Result<Value, DataSourceError> {
    let (query, filter, projection) =
        (&request["query"], &request["filter"], &request["projection"]);
    let (names, values) = names_and_values(&[query, filter, projection]);
    let start = match request["nextToken"].as_str() {
        None => Value::Null,
        Some(token) => {
            let bytes = STANDARD.decode(token).ok();
            let key = bytes.and_then(|byte| serde_json::from_slice(&byte).ok());
            key.ok_or_else(|| malformed("`nextToken` is not that of a result"))?
        }
    };
    Ok(without_nulls(json!({
        "TableName": table,
        "IndexName": request["index"],
        "KeyConditionExpression": query["expression"],
        "FilterExpression": filter["expression"],
        "ProjectionExpression": projection["expression"],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ExclusiveStartKey": start,
        "Limit": request["limit"],
        "ScanIndexForward": request["scanIndexForward"],
        "ConsistentRead": request["consistentRead"],
        "Select": request["select"],
        "TotalSegments": request["totalSegments"],
        "Segment": request["segment"],
    })))
}

fn tables(request: &Value) -> impl Iterator<Item = (&String, &Value)> {
    request["tables"].as_object().into_iter().flatten()
}

fn batch_get(request: &Value) -> Value {
    let table = |(name, value): (&String, &Value)| {
        let keys = value["keys"].as_array().into_iter().flatten().map(item_to_wire);
        let keys_and_options = without_nulls(json!({
            "Keys": keys.collect::<Vec<_>>(),
            "ConsistentRead": value["consistentRead"],
            "ProjectionExpression": value["projection"]["expression"],
            "ExpressionAttributeNames": value["projection"]["expressionNames"],
        }));
        (name.clone(), keys_and_options)
    };
    json!({ "RequestItems": tables(request).map(table).collect::<Map<_, _>>() })
}

fn batch_write(request: &Value, kind: &str, member: &str) -> Value {
    let table = |(name, items): (&String, &Value)| {
        let items = items.as_array().into_iter().flatten();
        let items = items.map(|item| json!({ kind: { member: item_to_wire(item) } }));
        (name.clone(), Value::Array(items.collect()))
    };
    json!({ "RequestItems": tables(request).map(table).collect::<Map<_, _>>() })
}

fn items(request: &Value) -> impl Iterator<Item = &Value> {
    request["transactItems"].as_array().into_iter().flatten()
}

fn transact_get(request: &Value) -> Value {
    let all = items(request).map(|item| json!({ "Get": get(item, &item["table"]) }));
    json!({ "TransactItems": all.collect::<Vec<_>>() })
}

fn transact_write(request: &Value) -> Result<Value, DataSourceError> {
    let all = items(request).map(|value| {
        let table = &value["table"];
        Ok(match value["operation"].as_str() {
            Some("PutItem") => json!({ "Put": put(value, table) }),
            Some("UpdateItem") => json!({ "Update": update(value, table) }),
            Some("DeleteItem") => json!({ "Delete": delete(value, table) }),
            Some("ConditionCheck") => json!({ "ConditionCheck": delete(value, table) }),
            _ => {
                let message = "an item of a transaction must have the operation PutItem, UpdateItem, DeleteItem or ConditionCheck";
                return Err(malformed(message));
            }
        })
    });
    Ok(json!({ "TransactItems": all.collect::<Result<Vec<_>, _>>()? }))
}

/// Returns the `ctx.result` of a response.
fn handler_result(operation: &str, request: &Value, body: &Value, response: &Value) -> Value {
    let plain = |items: &Value| -> Vec<Value> {
        items.as_array().into_iter().flatten().map(item_from_wire).collect()
    };
    match operation {
        "GetItem" => item_from_wire(&response["Item"]),
        "PutItem" => item_from_wire(&body["Item"]),
        "UpdateItem" | "DeleteItem" => item_from_wire(&response["Attributes"]),
        "Query" | "Scan" => {
            let last = &response["LastEvaluatedKey"];
            let token = (!last.is_null()).then(|| STANDARD.encode(last.to_string()));
            json!({
                "items": plain(&response["Items"]),
                "nextToken": token,
                "scannedCount": response["ScannedCount"],
            })
        }
        "BatchGetItem" => {
            let data = tables(request).map(|(name, table)| {
                let matching = plain(&response["Responses"][name]);
                (name.clone(), in_order(&table["keys"], &matching))
            });
            let data: Map<String, Value> = data.collect();
            json!({ "data": data, "unprocessedKeys": unprocessed(request, &response["UnprocessedKeys"]) })
        }
        "BatchPutItem" | "BatchDeleteItem" => {
            let data = tables(request).map(|(name, items)| {
                let items = items.as_array().into_iter().flatten();
                (name.clone(), items.map(|item| item_from_wire(&item_to_wire(item))).collect())
            });
            let data: Map<String, Value> = data.collect();
            let left =
                if operation == "BatchPutItem" { "unprocessedItems" } else { "unprocessedKeys" };
            json!({ "data": data, left: unprocessed(request, &response["UnprocessedItems"]) })
        }
        "TransactGetItems" => {
            let matching = response["Responses"].as_array().into_iter().flatten();
            let matching: Vec<Value> =
                matching.map(|value| item_from_wire(&value["Item"])).collect();
            json!({ "items": matching, "cancellationReasons": null })
        }
        _ => {
            let keys: Vec<Value> =
                items(request).map(|item| item_from_wire(&item_to_wire(&item["key"]))).collect();
            json!({ "keys": keys, "cancellationReasons": null })
        }
    }
}

/// Returns the items in the order of the keys, with null for missing items.
fn in_order(keys: &Value, matching: &[Value]) -> Value {
    let keys = keys.as_array().into_iter().flatten().map(|key| item_from_wire(&item_to_wire(key)));
    let item = |key: Value| {
        let is = |item: &&Value| {
            key.as_object().into_iter().flatten().all(|(name, value)| item[name] == *value)
        };
        matching.iter().find(is).cloned().unwrap_or_default()
    };
    keys.map(item).collect()
}

/// Returns what a batch did not process, as one list per table.
fn unprocessed(request: &Value, left: &Value) -> Value {
    let of = |value: &Value| {
        let item =
            value["PutRequest"]["Item"].as_object().or(value["DeleteRequest"]["Key"].as_object());
        item_from_wire(
            &item.map_or_else(|| value.clone(), |members| Value::Object(members.clone())),
        )
    };
    let table = |(name, _): (&String, &Value)| {
        let list = left[name].as_array().or(left[name]["Keys"].as_array());
        (name.clone(), list.into_iter().flatten().map(of).collect::<Value>())
    };
    Value::Object(tables(request).map(table).collect())
}

/// Returns a typed value as DynamoDB accepts it. AppSync also accepts JSON numbers and null.
fn to_wire(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|members| members.iter().next()) else {
        return value.clone();
    };
    let inner = match kind.as_str() {
        "N" => json!(number(inner)),
        "NS" => inner.as_array().into_iter().flatten().map(number).collect(),
        "NULL" => json!(true),
        "L" => inner.as_array().into_iter().flatten().map(to_wire).collect(),
        "M" => item_to_wire(inner),
        _ => inner.clone(),
    };
    json!({ kind: inner })
}

/// Returns a map of typed values as DynamoDB accepts it: a key, an item, the values of an expression, or null.
fn item_to_wire(item: &Value) -> Value {
    let Some(members) = item.as_object() else { return Value::Null };
    Value::Object(members.iter().map(|(name, member)| (name.clone(), to_wire(member))).collect())
}

/// Returns a value of DynamoDB as handlers receive it.
fn from_wire(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|members| members.iter().next()) else {
        return Value::Null;
    };
    let read = |value: &Value| value.as_str().and_then(|text| serde_json::from_str(text).ok());
    match kind.as_str() {
        "N" => read(inner).unwrap_or_default(),
        "NS" => inner.as_array().into_iter().flatten().filter_map(read).collect(),
        "NULL" => Value::Null,
        "L" => inner.as_array().into_iter().flatten().map(from_wire).collect(),
        "M" => item_from_wire(inner),
        _ => inner.clone(),
    }
}

/// Returns an item as handlers receive it, or null.
fn item_from_wire(item: &Value) -> Value {
    let Some(members) = item.as_object() else { return Value::Null };
    Value::Object(
        members
            .iter()
            .map(|(name, member)| (name.clone(), from_wire(member)))
            .collect::<Map<_, _>>(),
    )
}

fn number(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_values_are_converted_in_both_directions() {
        let typed = json!({
            "s": {"S": "x"}, "n": {"N": 1.5}, "b": {"BOOL": true}, "z": {"NULL": null},
            "l": {"L": [{"N": 2}, {"M": {"k": {"S": "v"}}}]}, "ns": {"NS": [1, 2]}, "ss": {"SS": ["a"]},
        });
        let wire = item_to_wire(&typed);
        assert_eq!(wire["n"], json!({"N": "1.5"}));
        assert_eq!(wire["ns"], json!({"NS": ["1", "2"]}));
        assert_eq!(wire["z"], json!({"NULL": true}));
        let expected = json!({
            "s": "x", "n": 1.5, "b": true, "z": null, "l": [2, {"k": "v"}], "ns": [1, 2], "ss": ["a"],
        });
        assert_eq!(item_from_wire(&wire), expected);
        assert_eq!(item_from_wire(&Value::Null), Value::Null);
    }
}
