"""Mistakes with payload versions and upgrades. Each line with an ignore is refused at that line."""

from accepts_versions import STEPS, FirstOrder, Order, SecondOrder, from_fields, with_cents, with_currency

import adc

# the last step gives another type than the kind's
A = adc.JobKind("ship", Order, version=2, upgrade=adc.upgrade_from(FirstOrder, with_cents))  # type: ignore[misc]
B = adc.JobKind("ship", SecondOrder, version=3, upgrade=STEPS)  # type: ignore[misc]
C = adc.JobKind("ship", str, version=2, upgrade=adc.upgrade_from(list[int], len))  # type: ignore[misc]

# a step takes another type than is stored
adc.upgrade_from(FirstOrder, with_currency)  # type: ignore[arg-type]
adc.upgrade_from(dict[str, int], from_fields)  # type: ignore[arg-type]
adc.upgrade_from(FirstOrder, with_cents).then(SecondOrder, with_cents)  # type: ignore[arg-type]

# what is stored isn't what the step before it gives
adc.upgrade_from(FirstOrder, with_cents).then(FirstOrder, with_cents)  # type: ignore[arg-type]
adc.upgrade_from(FirstOrder, with_cents).then(Order, with_currency)  # type: ignore[arg-type]


async def later(order: SecondOrder) -> Order:
    return with_currency(order)


# other forms
D = adc.JobKind("ship", Order, version=2, upgrade=with_currency)  # type: ignore[arg-type]
E = adc.JobKind("ship", Order, version=2, upgrade=[STEPS])  # type: ignore[arg-type]
F = adc.JobKind("ship", Order, version=2, upgrade=adc.upgrade_from(SecondOrder, later))  # type: ignore[misc]
adc.upgrade_from(with_currency)  # type: ignore[arg-type, call-arg]
adc.upgrade_from(SecondOrder)  # type: ignore[call-arg]
G = adc.JobKind("ship", Order, aliases=7)  # type: ignore[arg-type]
H = adc.JobKind("ship", Order, aliases=[7])  # type: ignore[list-item]

router = adc.RunnerRouter()
SHIP = adc.JobKind("ship", Order, version=3, upgrade=STEPS)


@router.handles(SHIP)  # type: ignore[arg-type]
def ship(job: adc.Job[SecondOrder]) -> None: ...
