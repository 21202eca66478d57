import django.db.models.deletion
from django.db import migrations, models

NEED = migrations.CreateModel(
    name='Need',
    fields=[
        ('code', models.SlugField(max_length=40, primary_key=True, serialize=False)),
        ('kind', models.CharField(choices=[('infrastructure', 'infrastructure'), ('social', 'social')], max_length=20)),
        ('name_fa', models.CharField(max_length=100)),
        ('name_en', models.CharField(max_length=100)),
        ('order', models.PositiveSmallIntegerField(default=0)),
    ],
    options={'db_table': 'intake_need', 'ordering': ('order', 'code'), 'verbose_name': 'need', 'verbose_name_plural': 'needs'},
)


class Migration(migrations.Migration):
    """The reference table of needs comes down to where households point at it; its rows stay where they are."""

    dependencies = [('registry', '0007_walls_of_what_hangs_on_others'), ('intake', '0003_walls')]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[NEED]),
        migrations.AlterField(
            model_name='householdneed',
            name='need',
            field=models.ForeignKey(db_column='need', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.need'),
        ),
        migrations.AddField('householdneed', 'note', models.CharField(blank=True, max_length=300, default=''), preserve_default=False),
        migrations.AddField(
            'householdneed',
            'ending',
            models.CharField(blank=True, choices=[('met', 'it is met'), ('withdrawn', 'it was none, or was recorded by mistake')], default='', max_length=10),
            preserve_default=False,
        ),
        migrations.AddField('householdneed', 'reason', models.CharField(blank=True, max_length=300, default=''), preserve_default=False),
        migrations.AddIndex(
            'householdneed',
            models.Index(condition=models.Q(('until', None)), fields=['need', 'household'], name='open_needs_by_kind'),
        ),
    ]
