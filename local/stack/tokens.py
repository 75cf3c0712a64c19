"""Tokens for made-up people, signed with the key in a stack's data folder."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.identity.tokens import issue_token
from local.stack.addresses import identity_url_of_last_stack
from local.stack.errors import OptionError
from local.stack.options import PORT_OPTIONS, ports_from
from local.stack.ports import HOST


def add_token_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser what a token can say about a person."""
    parser.add_argument("--name", default="Ada", help="the same name is the same person [Ada]")
    parser.add_argument("--tid", help="tenant id")
    parser.add_argument("--oid", help="object id of the person")
    parser.add_argument("--app-id", help="application that the token is for")
    parser.add_argument("--expires-in", type=int, metavar="SECONDS", help="may be negative")
    parser.add_argument(
        "--identity-url",
        help="who issues it [the identity service of the last stack in the data folder]",
    )


def token_from(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> str:
    """The token that the arguments ask for. Raises OptionError for a wrong port variable."""
    return token_for(
        data_dir,
        arguments.identity_url or _identity_url(data_dir, environ),
        name=arguments.name,
        tid=arguments.tid,
        oid=arguments.oid,
        app_id=arguments.app_id,
        expires_in=arguments.expires_in,
    )


def token_for(data_dir: Path, identity_url: str, **claims: Any) -> str:
    """A token for a person; claims that are None get the identity service's defaults.

    Raises OptionError for a claim that can't be.
    """
    given = {name: value for name, value in claims.items() if value is not None}
    try:
        return issue_token(data_dir, identity_url.rstrip("/"), **given)
    except ValueError as error:
        raise OptionError(f"no token: {error}") from error


def _identity_url(data_dir: Path, environ: Mapping[str, str]) -> str:
    port = ports_from({}, environ).get("identity")
    default = next(option.default for option in PORT_OPTIONS if option.part == "identity")
    last = None if port else identity_url_of_last_stack(data_dir)
    return last or f"http://{HOST}:{port or default}"
