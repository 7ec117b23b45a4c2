"""A task that asks people."""

import flyte
import flyte.errors

environment = flyte.TaskEnvironment(
    name="asks", image="localhost/dataplane-task:1", resources=flyte.Resources(cpu="100m", memory="300Mi")
)


@environment.task
async def asks() -> str:
    """Somebody says how many, and nobody says whether."""
    amount = await flyte.new_condition.aio("amount", prompt="How many?", data_type=int)
    approval = await flyte.new_condition.aio("approval", timeout=3)
    try:
        answer = await approval.wait.aio()
    except flyte.errors.ConditionTimedoutError:
        answer = "nobody"
    return f"{await amount.wait.aio()} {answer}"
