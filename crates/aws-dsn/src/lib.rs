//! Data source names for AWS services: a region, credentials and an optional endpoint in one string.
