from django.db import migrations, models


class Migration(migrations.Migration):
    """The same table under its new owner."""

    dependencies = [('intake', '0003_walls'), ('registry', '0008_needs'), ('programmes', '0002_needs_of_the_registry')]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField('candidate', 'needs', models.ManyToManyField(related_name='candidates', to='registry.need')),
                migrations.DeleteModel('Need'),
            ]
        )
    ]
