"""The schema, as migrations applied in order, one module each. A migration that has landed is never edited."""

from sqlite_utils.migrations import Migrations

from core.store.migrations.m001_people_and_catalogue import m001_people_and_catalogue
from core.store.migrations.m002_recommending_and_labelling import m002_recommending_and_labelling
from core.store.migrations.m003_steps_picks_plans import m003_steps_picks_plans
from core.store.migrations.m004_jobs import m004_jobs
from core.store.migrations.m005_audit import m005_audit
from core.store.migrations.m006_plans_in_force import m006_plans_in_force
from core.store.migrations.m007_clients_phones import m007_clients_phones
from core.store.migrations.m008_health_and_picks import m008_health_and_picks

migrations = Migrations("spotter")
for migration in (
    m001_people_and_catalogue,
    m002_recommending_and_labelling,
    m003_steps_picks_plans,
    m004_jobs,
    m005_audit,
    m006_plans_in_force,
    m007_clients_phones,
    m008_health_and_picks,
):
    migrations()(migration)
