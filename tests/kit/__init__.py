"""What tests share: fakes of the ports, faults, and worlds."""
