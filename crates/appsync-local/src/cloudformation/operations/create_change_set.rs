//! CreateChangeSet: the request becomes a change set whose changes are described at once.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cloudformation::actual_resources::{ReadResource, read_resources};
use crate::cloudformation::change_set::{
    ActualResource, Description, Identifiers, Update, changes_anything, check_only_imports,
    describe, parse_identifiers, reverted_resources,
};
use crate::cloudformation::early_validation::{self, ValidatedResource, ValidationFailure};
use crate::cloudformation::engine::StackRecord;
use crate::cloudformation::evaluation::StackIdentity;
use crate::cloudformation::import_lookup;
use crate::cloudformation::lookup;
use crate::cloudformation::operations::deploys::{check_updatable, new_stack, new_stack_arn};
use crate::cloudformation::proposal::Proposal;
use crate::cloudformation::request::{Members, STACK_NAME, TOKEN, validation_error};
use crate::ids;
use crate::protocol::caller::Caller;
use crate::protocol::response::AwsError;
use crate::state::changes::ChangeAction;
use crate::state::stacks::{
    ChangeSet, ChangeSetStatus, ChangeSetType, Deployment, ExecutionStatus, OnFailure, Stack,
    StackStatus,
};
use crate::store::Store;

const STACK_NAME_LENGTH_MAX: usize = 2_048;
const NAME: &str = "[a-zA-Z][-a-zA-Z0-9]*";
const NAME_LENGTH_MAX: usize = 128;
const DESCRIPTION_LENGTH_MAX: usize = 1_024;
/// The emulator's choice: AWS does not document its limit.
const CHANGE_SETS_MAX: usize = 1_000;

/// AWS's texts for a change set without changes. Clients compare them.
const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";
const NO_CHANGES_AFTER_TRANSFORM: &str = "No updates are to be performed.";

pub async fn create_change_set(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
) -> Result<Value, AwsError> {
    let options = Options::parse(members)?;
    let current = find_stack(store, caller, &options)?;
    let identity = match &current {
        Some(stack) => StackIdentity { id: stack.id.clone(), name: stack.name.clone() },
        None => StackIdentity {
            id: new_stack_arn(caller, options.stack_name),
            name: options.stack_name.to_owned(),
        },
    };
    let now = store.now_epoch_s();
    let deployed = current.as_ref().filter(|stack| stack.status != StackStatus::ReviewInProgress);
    let proposal = Proposal::parse(store, caller, members, &identity, deployed)?;
    let stack = match &current {
        Some(stack) => stack.clone(),
        None => new_stack(&identity, now),
    };
    let planned = plan(store, caller, members, &options, &stack, &proposal).await?;
    let (partition, region, account) = (caller.partition(), &caller.region, &caller.account);
    let (name, unique) = (options.name, ids::request_id());
    let id = format!("arn:{partition}:cloudformation:{region}:{account}:changeSet/{name}/{unique}");
    let change_set = planned.into_change_set(&options, &stack.id, id, now);
    store
        .change(|state| {
            let stacks = &mut state.region(caller).stacks;
            if current.is_none() {
                if stacks.values().any(|other| is_live(other) && other.name == identity.name) {
                    return Err(already_exists(&options));
                }
                let mut stack = new_stack(&identity, now);
                let mut record = StackRecord { stack: &mut stack, now_epoch_s: now };
                record.set_status(StackStatus::ReviewInProgress, Some("User Initiated".to_owned()));
                stacks.insert(identity.id.clone(), stack);
            }
            let stack = stacks.get_mut(&identity.id);
            let stack = stack.ok_or_else(|| missing_stack(&options))?;
            insert(stack, change_set, &proposal)
        })
        .await
}

/// The members of a request that are not the template's.
struct Options<'a> {
    stack_name: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    change_set_type: ChangeSetType,
    include_nested_stacks: bool,
    import_existing_resources: bool,
    reverts_drift: bool,
    is_validated: bool,
    on_failure: Option<OnFailure>,
}

impl<'a> Options<'a> {
    fn parse(members: &Members<'a>) -> Result<Self, AwsError> {
        members.require("StackName")?;
        members.require("ChangeSetName")?;
        let stack_name =
            members.checked_text("StackName", STACK_NAME_LENGTH_MAX, Some(STACK_NAME))?;
        let name = members.checked_text("ChangeSetName", NAME_LENGTH_MAX, Some(NAME))?;
        members.checked_text("ClientToken", NAME_LENGTH_MAX, Some(TOKEN))?;
        let change_set_type = members.one_of("ChangeSetType", &["CREATE", "UPDATE", "IMPORT"])?;
        let change_set_type = match change_set_type {
            Some("CREATE") => ChangeSetType::Create,
            Some("IMPORT") => ChangeSetType::Import,
            _ => ChangeSetType::Update,
        };
        let on_failure = members.one_of("OnStackFailure", &["DO_NOTHING", "ROLLBACK", "DELETE"])?;
        let on_failure = match on_failure {
            Some("DO_NOTHING") => Some(OnFailure::DoNothing),
            Some("DELETE") if change_set_type != ChangeSetType::Create => {
                let message =
                    "OnStackFailure DELETE can only be specified for a change set of type CREATE.";
                return Err(validation_error(message));
            }
            Some("DELETE") => Some(OnFailure::Delete),
            Some(_) => Some(OnFailure::Rollback),
            None => disables_rollback(members)?.then_some(OnFailure::DoNothing),
        };
        let reverts_drift = members.one_of("DeploymentMode", &["REVERT_DRIFT"])?.is_some();
        if reverts_drift && change_set_type != ChangeSetType::Update {
            let message = "DeploymentMode REVERT_DRIFT can only be specified for a change set of type UPDATE.";
            return Err(validation_error(message));
        }
        if change_set_type != ChangeSetType::Import
            && members.structures("ResourcesToImport").is_some_and(|entries| !entries.is_empty())
        {
            let message =
                "ResourcesToImport can only be specified for a change set of type IMPORT.";
            return Err(validation_error(message));
        }
        Ok(Self {
            stack_name: stack_name.unwrap_or_default(),
            name: name.unwrap_or_default(),
            description: members.checked_text("Description", DESCRIPTION_LENGTH_MAX, None)?,
            change_set_type,
            include_nested_stacks: members.flag("IncludeNestedStacks")?.unwrap_or(false),
            import_existing_resources: members.flag("ImportExistingResources")?.unwrap_or(false),
            reverts_drift,
            is_validated: !members.flag("DisableValidation")?.unwrap_or(false),
            on_failure,
        })
    }
}

/// `DeploymentConfig`: express mode rolls back only if the request specifies it.
fn disables_rollback(members: &Members<'_>) -> Result<bool, AwsError> {
    let Some(config) = members.structure("DeploymentConfig") else { return Ok(false) };
    let is_express = config.one_of("Mode", &["STANDARD", "EXPRESS"])? == Some("EXPRESS");
    Ok(config.flag("DisableRollback")?.unwrap_or(is_express))
}

/// The stack that the change set is for; `None` if the change set creates it.
fn find_stack(
    store: &Store,
    caller: &Caller,
    options: &Options<'_>,
) -> Result<Option<Stack>, AwsError> {
    let name = options.stack_name;
    let stack = store.read(|state| lookup::stack(state, caller, name).map(|stack| stack.clone()));
    let Some(stack) = stack else {
        let is_new = options.change_set_type != ChangeSetType::Update && !name.starts_with("arn:");
        return if is_new { Ok(None) } else { Err(missing_stack(options)) };
    };
    let is_review = stack.status == StackStatus::ReviewInProgress;
    match options.change_set_type {
        ChangeSetType::Create if !is_review => Err(already_exists(options)),
        ChangeSetType::Update => check_updatable(&stack, true).map(|()| Some(stack)),
        ChangeSetType::Import if !is_review => check_updatable(&stack, false).map(|()| Some(stack)),
        ChangeSetType::Create | ChangeSetType::Import => Ok(Some(stack)),
    }
}

/// What a change set would do, and what prevents it.
struct Planned {
    description: Description,
    imported: Identifiers,
    reverted: BTreeMap<String, Option<Value>>,
    failures: Vec<ValidationFailure>,
    /// Why the change set fails.
    failure: Option<String>,
    deployment: Deployment,
}

async fn plan(
    store: &Arc<Store>,
    caller: &Caller,
    members: &Members<'_>,
    options: &Options<'_>,
    stack: &Stack,
    proposal: &Proposal,
) -> Result<Planned, AwsError> {
    let evaluation = proposal.evaluate()?;
    let mut imported = match options.change_set_type {
        ChangeSetType::Import => parse_identifiers(members, stack, &evaluation)?,
        ChangeSetType::Create | ChangeSetType::Update => Identifiers::new(),
    };
    let actual = match options.reverts_drift {
        true => Some(read_actual(store, caller, stack).await),
        false => None,
    };
    let update =
        Update { stack, evaluation: &evaluation, imported: &imported, actual: actual.as_ref() };
    let mut description = describe(update);
    let mut deployment = proposal.deployment.clone();
    // Describing evaluated everything that can import.
    deployment.imports = proposal.inputs.imported();
    if options.change_set_type == ChangeSetType::Import {
        check_only_imports(stack, &deployment, &description, &imported)?;
    }
    let mut failures = Vec::new();
    if options.is_validated || options.import_existing_resources {
        let validated = validated_resources(&description);
        failures = early_validation::validate(store, caller, &evaluation, &validated).await;
    }
    if options.import_existing_resources {
        imported.extend(early_validation::adoptable(
            &mut failures,
            &evaluation,
            &description.properties,
        ));
        let update =
            Update { stack, evaluation: &evaluation, imported: &imported, actual: actual.as_ref() };
        description = describe(update);
    }
    if !options.is_validated {
        failures.clear();
    }
    let lookup_failure =
        import_lookup::failure(store, caller, stack, &deployment, &evaluation, &imported).await;
    let failure = if !changes_anything(stack, &deployment, &description) {
        let is_transformed = !proposal.inputs.template().transforms().is_empty();
        let text = if is_transformed { NO_CHANGES_AFTER_TRANSFORM } else { NO_CHANGES };
        Some(text.to_owned())
    } else if !failures.is_empty() {
        Some(early_validation::failure_reason(&failures))
    } else {
        lookup_failure
    };
    let reverted = actual.as_ref().map(|actual| reverted_resources(stack, &evaluation, actual));
    let reverted = reverted.unwrap_or_default();
    Ok(Planned { description, imported, reverted, failures, failure, deployment })
}

impl Planned {
    fn into_change_set(
        self,
        options: &Options<'_>,
        stack_id: &str,
        id: String,
        now_epoch_s: f64,
    ) -> ChangeSet {
        let operation = ids::request_id();
        let validations = self.failures.iter().map(|failure| {
            early_validation::event_json(failure, stack_id, &operation, now_epoch_s)
        });
        let validations = validations.collect();
        let warning = self.description.failures.first().map(|(logical_id, reason)| {
            format!(
                "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation failed for resource [{logical_id}] because: {reason}"
            )
        });
        let (status, execution_status, changes) = match self.failure {
            Some(_) => (ChangeSetStatus::Failed, ExecutionStatus::Unavailable, Vec::new()),
            None => {
                let changes = self.description.changes;
                (ChangeSetStatus::CreateComplete, ExecutionStatus::Available, changes)
            }
        };
        ChangeSet {
            id,
            name: options.name.to_owned(),
            operation,
            change_set_type: options.change_set_type,
            created_epoch_s: now_epoch_s,
            description: options.description.map(str::to_owned),
            status,
            status_reason: self.failure.or(warning),
            execution_status,
            deployment: self.deployment,
            changes,
            validations,
            on_failure: options.on_failure,
            include_nested_stacks: options.include_nested_stacks,
            import_existing_resources: options.import_existing_resources,
            revert_drift: options.reverts_drift,
            reverted: self.reverted,
            imported: self.imported,
        }
    }
}

/// Adds the change set to its stack, unless one with its name exists. An equal one is the same change set.
fn insert(
    stack: &mut Stack,
    change_set: ChangeSet,
    proposal: &Proposal,
) -> Result<Value, AwsError> {
    let stack_id = stack.id.clone();
    let listed: Vec<&ChangeSet> =
        stack.change_sets.values().filter(|other| !other.is_hidden()).collect();
    if let Some(other) = listed.iter().find(|other| other.name == change_set.name) {
        return match mismatch(&other.deployment, &change_set.deployment) {
            None => Ok(json!({ "Id": other.id, "StackId": stack_id })),
            Some(attribute) => {
                let name = &change_set.name;
                let message = format!(
                    "ChangeSet {name} cannot be created due to a mismatch with existing attribute {attribute}"
                );
                Err(AwsError::new(400, "AlreadyExistsException", message))
            }
        };
    }
    if listed.len() >= CHANGE_SETS_MAX {
        let message = format!("ChangeSet limit exceeded for stack {stack_id}");
        return Err(AwsError::new(400, "LimitExceededException", message));
    }
    let id = change_set.id.clone();
    stack.templates.insert(change_set.deployment.template.clone(), proposal.text.clone());
    stack.change_sets.insert(id.clone(), change_set);
    Ok(json!({ "Id": id, "StackId": stack_id }))
}

/// What two change sets with one name have differently.
fn mismatch(existing: &Deployment, new: &Deployment) -> Option<&'static str> {
    let differences = [
        ("Template", existing.template != new.template),
        ("Parameters", existing.parameters != new.parameters),
        ("Tags", existing.tags != new.tags),
        ("Capabilities", existing.capabilities != new.capabilities),
    ];
    differences.into_iter().find(|(_, differs)| *differs).map(|(attribute, _)| attribute)
}

async fn read_actual(
    store: &Arc<Store>,
    caller: &Caller,
    stack: &Stack,
) -> BTreeMap<String, ActualResource> {
    let read = read_resources(store, caller, stack, |_| true).await;
    let read_epoch_s = store.now_epoch_s();
    let actual = read.into_iter().filter_map(|(id, read)| {
        let comparison = match read {
            ReadResource::Compared(comparison) => Some(comparison),
            ReadResource::Deleted => None,
            // Such a resource is compared with its deployment only.
            ReadResource::NotSupported | ReadResource::Failed(_) => return None,
        };
        Some((id, ActualResource { comparison, read_epoch_s }))
    });
    actual.collect()
}

fn validated_resources(description: &Description) -> Vec<ValidatedResource<'_>> {
    let changes = description.changes.iter().filter(|change| {
        matches!(change.action, ChangeAction::Add | ChangeAction::Modify | ChangeAction::Import)
    });
    let validated = changes.filter_map(|change| {
        Some(ValidatedResource {
            logical_id: &change.logical_id,
            properties: description.properties.get(&change.logical_id)?,
            is_created: change.action == ChangeAction::Add && change.drift.is_none(),
        })
    });
    validated.collect()
}

fn is_live(stack: &Stack) -> bool {
    stack.status != StackStatus::DeleteComplete
}

/// The error for a change set that creates a stack that exists; the name as in the request.
fn already_exists(options: &Options<'_>) -> AwsError {
    let (stack, name) = (options.stack_name, options.name);
    validation_error(format!(
        "Stack [{stack}] already exists and cannot be created again with the changeSet [{name}]."
    ))
}

fn missing_stack(options: &Options<'_>) -> AwsError {
    lookup::missing_stack_in_brackets(options.stack_name)
}
