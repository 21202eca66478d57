"""Keys of persons, in a store of their own: a second database, which is backed up apart."""
