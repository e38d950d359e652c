"""Run the stages on Kafka and make the decisions that need no Kafka: batching, completeness, fusion, judgement."""
