import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody asks for the persons of a batch; one index of memberships finds a person and keeps them in one household."""

    dependencies = [
        ('registry', '0004_the_needs'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='membership',
            name='one_living_household_of_a_person',
        ),
        migrations.RemoveIndex(
            model_name='person',
            name='persons_of_a_batch',
        ),
        migrations.AlterField(
            model_name='membership',
            name='person',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='registry.person'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(models.F('person'), models.Case(models.When(then=0, until=None), default='id', output_field=models.BigIntegerField()), name='one_living_household_of_a_person'),
        ),
    ]
