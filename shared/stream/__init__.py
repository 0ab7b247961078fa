"""The seam over Kafka: records in, records out; offsets are committed when ownership has passed (protocol 6)."""
