"""The function app: every function, by the blueprint that declares it."""

import azure.functions as func

from shared import container, garbage
from shared.api.routes import blueprints
from shared.triggers import (
    backlog,
    deliveries,
    files,
    purges,
    renames,
    service_status,
    shares,
    titles,
)

# Reads the settings: a wrong one stops the start here, by its name. Connects to nothing.
container.app()
garbage.look_seldom()

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for blueprint in (
    *blueprints(),
    backlog.blueprint,
    deliveries.blueprint,
    files.blueprint,
    purges.blueprint,
    renames.blueprint,
    service_status.blueprint,
    shares.blueprint,
    titles.blueprint,
):
    app.register_functions(blueprint)
