"""A data key for each person, wrapped by a master key; and the list of persons who were erased."""

from __future__ import annotations

from django.db import models


class PersonKey(models.Model):
    """`wrapped` is nonce, ciphertext and tag of the data key under the master key of `version`, bound to the person."""

    person_id = models.UUIDField(primary_key=True)
    version = models.PositiveSmallIntegerField(db_index=True)
    wrapped = models.BinaryField(max_length=60)

    def __str__(self) -> str:
        return f"{self.person_id} v{self.version}"


class Erased(models.Model):
    """A person whose key was destroyed. A restore re-applies this list before anything is served."""

    person_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.person_id)
