import Foundation

/// Machines with a network between them that loses packets and whose cables can be pulled: network
/// namespaces, all joined by a bridge.
///
/// A namespace lasts as long as the process that was started with it. That one reads from a pipe of
/// the test process, so that nothing is left when this ends, however it does.
final class Network: Sendable {
  /// One of the machines.
  final class Host: Sendable {
    let name: String
    /// In the network.
    let address: String
    private let holder: pid_t
    private let lifeline: Int32

    fileprivate init(_ name: String, address: String) async throws {
      self.name = name
      self.address = address
      var plan = try SpawnPlan()
      let pipe = try Pipe()
      lifeline = pipe.writingEnd
      try plan.connect(pipe.readingEnd, to: STDIN_FILENO)
      holder = try plan.spawn("/usr/bin/unshare", ["-n", "cat"], environment: [:])
      _ = consume plan
      let namespace = "/proc/\(holder)/ns/net"
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
      try await eventually("a network namespace") {
        let now = try? FileManager.default.destinationOfSymbolicLink(atPath: namespace)
        return now == nil || now == own ? nil : ()
      }
    }

    deinit {
      kill(holder, SIGKILL)
      waitpid(holder, nil, 0)
      close(lifeline)
    }

    fileprivate var processID: pid_t { holder }

    /// What runs a program on this machine.
    var surroundings: Surroundings {
      Surroundings(wrapper: ["/usr/bin/nsenter", "--net=/proc/\(holder)/ns/net", "--"])
    }

    /// Runs a line of commands there.
    @discardableResult
    func run(_ line: String) throws -> String {
      try Command.run(surroundings.wrapper + ["sh", "-ec", line])
    }

    /// So large a share of what comes in is lost, by chance.
    func lose(_ share: Double) throws {
      let chance = "-m statistic --mode random --probability \(share)"
      try run("iptables -w -F; iptables -w -A INPUT -i eth0 \(chance) -j DROP")
    }

    /// Nothing comes in or goes out any more, without a word to anybody: as when the power fails.
    func vanish() throws {
      try run("iptables -w -I INPUT -i eth0 -j DROP; iptables -w -I OUTPUT -o eth0 -j DROP")
    }

    /// Ends `lose` and `vanish`.
    func heal() throws { try run("iptables -w -F") }
  }

  private let hosts: [Host]
  private let wires: Host

  init(_ names: [String]) async throws {
    wires = try await Host("wires", address: "")
    try wires.run("ip link add hub type bridge; ip link set hub up")
    var hosts: [Host] = []
    for (number, name) in names.enumerated() {
      let host = try await Host(name, address: "10.77.0.\(number + 1)")
      try wires.run(
        "ip link add to-\(name) type veth peer name eth0 netns \(host.processID);"
          + "ip link set to-\(name) master hub up")
      try host.run(
        "ip addr add \(host.address)/24 dev eth0; ip link set lo up; ip link set eth0 up")
      hosts.append(host)
    }
    self.hosts = hosts
  }

  subscript(name: String) -> Host {
    get throws {
      guard let host = hosts.first(where: { $0.name == name }) else {
        throw TestProblem("no host \(name)", code: 0)
      }
      return host
    }
  }

  /// Every machine loses so large a share of what comes in.
  func lose(_ share: Double) throws {
    for host in hosts { try host.lose(share) }
  }

  func heal() throws {
    for host in hosts { try host.heal() }
  }

  /// Pulls the cable of a machine, or puts it back.
  func connect(_ name: String, _ isConnected: Bool) throws {
    try wires.run("ip link set to-\(name) \(isConnected ? "up" : "down")")
  }
}
