import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The same table under its new owner."""

    dependencies = [('programmes', '0001_initial'), ('registry', '0008_needs')]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField('programmeneed', 'need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='served_by', to='registry.need')),
                migrations.AlterField('route', 'need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.need')),
            ]
        ),
        migrations.AlterModelOptions('programme', {'verbose_name': 'programme', 'verbose_name_plural': 'programmes'}),
        migrations.AlterModelOptions(
            'programmeneed',
            {'verbose_name': 'need that a programme serves', 'verbose_name_plural': 'needs that programmes serve'},
        ),
    ]
