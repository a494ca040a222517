"""What happened to the stack `s` before a test. Each function returns the members of requests that name it, if they
are not just its name."""

from stacks import MODES, PUBLISH, api, namespace, template


def rolled_back(stacks):
    stacks.fail_once("Create", "Api")
    stacks.create("s", template())


def updated(stacks):
    stacks.create("s", template())
    stacks.update("s", template(Chat=namespace("chat")))


def failed_update(stacks, **more):
    stacks.create("s", template())
    stacks.fail_once("Create", "Chat")
    stacks.update("s", template(Chat=namespace("chat")), **more)


def failed_rollback(stacks):
    """An update of two resources, of which the second fails, and so does the rollback of the first."""
    last = {"DependsOn": "First"}
    stacks.create("s", template(First=namespace("first"), Second=namespace("second", last)))
    fault = {"on": "Update", "fault": {"handlerErrorCode": "GeneralServiceException"}}
    stacks.faults({**fault, "logicalId": "First", "after": 1}, {**fault, "logicalId": "Second", "times": 1})
    stacks.update("s", template(First=namespace("first", **PUBLISH), Second=namespace("second", last, **PUBLISH)))


def deleted(stacks):
    id = stacks.create("s", template())
    stacks.cloudformation.delete_stack(StackName="s")
    return {"StackName": id}


def failed_deletion(stacks):
    stacks.create("s", template())
    stacks.faults({"on": "Delete", "fault": {"handlerErrorCode": "GeneralServiceException"}})
    stacks.cloudformation.delete_stack(StackName="s")


def changed(stacks):
    stacks.create("s", template())
    body = template(Chat=namespace("chat"))
    stacks.cloudformation.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=body)
    return {"StackName": "s", "ChangeSetName": "c"}


def unchanged(stacks):
    stacks.create("s", template())
    stacks.cloudformation.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=template())
    return {"StackName": "s", "ChangeSetName": "c"}


def rollback_requested(stacks):
    failed_update(stacks, DisableRollback=True)
    stacks.cloudformation.rollback_stack(StackName="s")


def imported(stacks, gone=False):
    """Imports an API that exists, or that is gone when the change set is executed."""
    body, resources = importable(stacks)
    stacks.change("s", body, "IMPORT", ResourcesToImport=resources)
    if gone:
        stacks.appsync.delete_api(apiId=resources[0]["ResourceIdentifier"]["ApiArn"].rsplit("/", 1)[1])
    stacks.cloudformation.execute_change_set(StackName="s", ChangeSetName="change")


def importable(stacks):
    """An API that belongs to no stack, as a template and what to import for it."""
    config = {name[0].lower() + name[1:]: MODES for name in
              ["AuthProviders", "ConnectionAuthModes", "DefaultPublishAuthModes", "DefaultSubscribeAuthModes"]}
    arn = stacks.appsync.create_api(name="chat", eventConfig=config)["api"]["apiArn"]
    body = template(api(DeletionPolicy="Retain"), outputs={})
    return body, [{"ResourceType": "AWS::AppSync::Api", "LogicalResourceId": "Api", "ResourceIdentifier": {"ApiArn": arn}}]


def nothing(stacks):
    """No stack at all."""
