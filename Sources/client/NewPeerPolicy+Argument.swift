public import ArgumentParser
public import TrentClient

/// `--new-peer` takes the names of the cases.
extension NewPeerPolicy: ExpressibleByArgument {}
