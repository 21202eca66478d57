import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import hamyar_server.core.fields
import hamyar_server.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    replaces = [
        ('organisations', '0001_initial'),
        ('organisations', '0002_mandates'),
        ('organisations', '0003_paths_by_the_byte'),
        ('organisations', '0004_accounts'),
    ]

    dependencies = [
        ('areas', '0001_tables'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('title_fa', models.CharField(blank=True, max_length=150, verbose_name='title in Persian')),
                ('title_en', models.CharField(blank=True, max_length=150, verbose_name='title in English')),
                ('must_change_password', models.BooleanField(default=False, help_text='it was set by somebody else')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=50)),
                ('date', models.DateField()),
                ('title_fa', models.CharField(max_length=200)),
                ('title_en', models.CharField(blank=True, max_length=200)),
                ('until', models.DateField(blank=True, help_text='the last day on which it holds', null=True)),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('ended_reason', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='SignInFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=150)),
                ('address', models.GenericIPAddressField(null=True)),
                ('at', models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='second_factor', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('sealed', models.BinaryField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('last_step', models.BigIntegerField(default=0, help_text='of the last code used: none is taken twice')),
                ('recovery', models.JSONField(default=list, help_text='hashes of the unused codes')),
            ],
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('foundation', 'foundation'), ('programme', 'programme organisation'), ('cooperation', 'cooperation organisation'), ('municipality', 'municipality'), ('governor', "district governor's office"), ('village', 'village administration'), ('facilitation', 'facilitation office'), ('charity', 'charity'), ('volunteers', 'volunteer group')], max_length=20)),
                ('name_fa', models.CharField(max_length=200)),
                ('name_en', models.CharField(max_length=200)),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='organisations', to='areas.area')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('job', models.CharField(choices=[('director', 'director'), ('officer', 'officer'), ('mayor', 'mayor'), ('governor', 'district governor'), ('administrator', 'village administrator'), ('assessor', 'assessor'), ('statistician', 'statistician')], max_length=20)),
                ('since', models.DateField(default=django.utils.timezone.localdate)),
                ('until', models.DateField(blank=True, null=True)),
                ('deputy_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deputies', to='organisations.membership')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Mandate',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('function', models.CharField(choices=[('nominate', 'nominate'), ('assess', 'assess'), ('verify', 'verify'), ('decide', 'decide'), ('deliver', 'deliver'), ('see_identities', 'see identities'), ('analyse', 'analyse'), ('audit', 'audit'), ('administer', 'administer'), ('manage_people', 'manage people')], max_length=20)),
                ('path', hamyar_server.core.fields.PathField(help_text="the area's path, so that a subtree is one range of an index", max_length=200)),
                ('since', models.DateField(default=django.utils.timezone.localdate)),
                ('until', models.DateField(blank=True, null=True)),
                ('reason', models.TextField(blank=True)),
                ('granted_at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_reason', models.TextField(blank=True)),
                ('agreement', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='organisations.agreement')),
                ('area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='areas.area')),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_from', models.ForeignKey(blank=True, help_text='empty where the organisation holds the function by itself', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='organisations.mandate')),
                ('revoked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('holder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Contribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('promised', models.CharField(max_length=300)),
                ('due', models.DateField(blank=True, null=True)),
                ('done', models.CharField(blank=True, max_length=300)),
                ('done_on', models.DateField(blank=True, null=True)),
                ('agreement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contributions', to='organisations.agreement')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contributions', to='organisations.organisation')),
            ],
            options={
                'ordering': ('due', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Capacity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('assessors', 'assessors'), ('vehicles', 'vehicles'), ('machinery', 'machinery'), ('halls', 'halls'), ('warehouses', 'warehouses')], max_length=20)),
                ('number', models.PositiveIntegerField()),
                ('note', models.CharField(blank=True, max_length=200)),
                ('as_of', models.DateField(default=django.utils.timezone.localdate)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='capacities', to='organisations.organisation')),
            ],
            options={
                'ordering': ('kind',),
            },
        ),
        migrations.AddField(
            model_name='agreement',
            name='parties',
            field=models.ManyToManyField(related_name='agreements', to='organisations.organisation'),
        ),
        migrations.CreateModel(
            name='SignedIn',
            fields=[
                ('id', models.UUIDField(default=hamyar_server.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('session_key', models.CharField(max_length=40, unique=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('agent', models.CharField(blank=True, max_length=200)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.UniqueConstraint(fields=('kind', 'area', 'name_fa'), name='one_organisation_of_a_name_and_area'),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('id')), _negated=True), name='no_organisation_is_its_own_parent'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('until', None)), fields=('user', 'organisation', 'job'), name='one_membership_of_a_kind'),
        ),
        migrations.AddIndex(
            model_name='mandate',
            index=models.Index(fields=['holder', 'function'], name='organisatio_holder__e5a9f1_idx'),
        ),
        migrations.AddIndex(
            model_name='mandate',
            index=models.Index(fields=['path', 'function'], name='organisatio_path_a42972_idx'),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=models.CheckConstraint(condition=models.Q(('granted_from', models.F('id')), _negated=True), name='no_mandate_is_its_own_source'),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=models.CheckConstraint(condition=models.Q(('until', None), ('until__gte', models.F('since')), _connector='OR'), name='a_mandate_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('holder', 'function', 'area', 'granted_from', 'since'), name='one_mandate_of_a_kind_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='capacity',
            constraint=models.UniqueConstraint(fields=('organisation', 'kind'), name='one_capacity_of_a_kind'),
        ),
        migrations.AddIndex(
            model_name='agreement',
            index=models.Index(fields=['-date', 'id'], name='organisatio_date_d52260_idx'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(fields=('number', 'date'), name='one_agreement_of_a_number_and_date'),
        ),
    ]
