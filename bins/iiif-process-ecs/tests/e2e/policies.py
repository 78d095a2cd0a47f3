"""What roles of a stack are allowed."""

import ast
import dataclasses
import json

from moto_server import Moto
from stack import Stack


@dataclasses.dataclass(frozen=True)
class Grant:
    """A statement of a policy."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: str = ""
    """As JSON; empty for none."""


def grants(moto: Moto, made: Stack, role: str) -> set[Grant]:
    """Returns all that a role is allowed, by its name in the template."""
    iam, name = moto.client("iam"), made.ids[role]
    if attached := iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        raise AssertionError(f"{role} has policies of AWS, which allow more than it needs: {attached}")
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in names]
    return {grant(one) for document in documents for one in statements(document)}


def statements(document: dict | str) -> list[dict]:
    """Returns the statements of a policy. Those of a stack come from moto as what Python prints of them."""
    return (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]


def grant(statement: dict) -> Grant:
    """Reads a statement."""
    if statement["Effect"] != "Allow":
        raise AssertionError(f"nothing is denied, only allowed or not: {statement}")
    condition = statement.get("Condition")
    return Grant(listed(statement["Action"]), listed(statement["Resource"]), json.dumps(condition) if condition else "")


def listed(value: str | list[str]) -> tuple[str, ...]:
    """Returns one or several, in order."""
    return (value,) if isinstance(value, str) else tuple(sorted(value))


def arn(moto: Moto, made: Stack, role: str) -> str:
    """Returns the ARN of a role."""
    return moto.client("iam").get_role(RoleName=made.ids[role])["Role"]["Arn"]
