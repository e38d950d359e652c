"""The system dessa (Dessa's DeepFake-Detection): one ResNet18 over single faces."""
