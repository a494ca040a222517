//! The import of a resource that exists: it becomes the stack's, and gets the stack's tags.
use std::collections::BTreeMap;

use crate::cloudformation::engine::resource::ResourceStep;
use crate::cloudformation::engine::resource_entry::new_resource;
use crate::cloudformation::resource_types::ResourceType;
use crate::protocol::response::AwsError;
use crate::state::stacks::{ResourceContent, ResourceStatus};

impl ResourceStep<'_> {
    pub async fn import(
        &self,
        resource_type: &ResourceType,
        content: ResourceContent,
        identifier: &BTreeMap<String, String>,
    ) -> Result<bool, AwsError> {
        let (engine, operation) = (self.deployment.engine, &self.deployment.operation);
        let id = self.logical_id;
        let properties = content.properties.clone();
        engine
            .record(|record| {
                let resource =
                    new_resource(resource_type, content, &operation.id, record.now_epoch_s);
                record.stack.resources.insert(id.to_owned(), resource);
                record.set_resource_status(id, ResourceStatus::ImportInProgress, None);
            })
            .await?;
        let names = self.names();
        let request = names.request_for(self.deployment.engine, self.logical_id, &properties);
        let found = resource_type.find_by_identifier(&request, identifier).await;
        let imported = match found {
            Ok(imported) => {
                let tagged = resource_type.tag_imported(&request, &imported).await;
                tagged.map(|()| imported)
            }
            Err(error) => Err(error),
        };
        match imported {
            Ok(imported) => {
                engine
                    .record(|record| {
                        self.set_created(record, imported);
                        let reason = Some("Resource import completed.".to_owned());
                        record.set_resource_status(id, ResourceStatus::ImportComplete, reason);
                        if resource_type.takes_system_tags() {
                            record.set_resource_status(id, ResourceStatus::UpdateInProgress, None);
                            record.set_resource_status(id, ResourceStatus::UpdateComplete, None);
                        }
                    })
                    .await?;
                Ok(true)
            }
            Err(error) => self.fail(ResourceStatus::ImportFailed, error.message).await,
        }
    }
}
