internal import SecretMemory
internal import Transport
internal import Wire

extension StreamConnection {
  /// How long the other end has to read the last word.
  private static let goodbyePatience = Interval.seconds(5)

  /// Says nothing more, and reads on for a while until the other end has closed: what is on its way
  /// from there would otherwise make the kernel throw away what was said last.
  ///
  /// - Parameters:
  ///   - byteLimit: how much of that to read at most.
  ///   - stop: when it is time to end, that is all.
  func sayGoodbye(byteLimit: Int = .max, until stop: (any Stop)? = nil) {
    try? shutdownWriting()
    let deadline = Deadline.after(Self.goodbyePatience)
    var interests = [Polling.Interest(descriptor, .readable)]
    if let stop { interests.append(Polling.Interest(stop.descriptor, .readable)) }
    var rest = byteLimit
    var waste = [UInt8](repeating: 0, count: 1 << 16)
    while rest > 0, !deadline.hasPassed {
      var elements = waste.mutableSpan
      var bytes = unsafe elements.mutableBytes
      do {
        if let count = try readAvailable(into: &bytes) {
          guard count > 0 else { return }
          rest -= count
        } else {
          let ready = try Polling.wait(for: interests, until: deadline)
          guard ready.allSatisfy({ $0.descriptor == descriptor }) else { return }
        }
      } catch {
        return
      }
    }
  }

  /// Fills a buffer, unless it is time to end.
  ///
  /// - Parameter stallLimit: the longest time without a byte.
  func fill(
    _ buffer: inout MutableRawSpan, stallLimit: Interval, until stop: any Stop
  ) throws {
    var done = 0
    while done < buffer.byteCount {
      var rest = buffer._mutatingExtracting(done..<buffer.byteCount)
      if let received = try readAvailable(into: &rest) {
        guard received > 0 else { throw TransportFailure.closedByPeer }
        done += received
        continue
      }
      let ready = try Polling.wait(
        for: [
          Polling.Interest(descriptor, .readable), Polling.Interest(stop.descriptor, .readable),
        ], until: .after(stallLimit))
      if ready.contains(where: { $0.descriptor == stop.descriptor }) { try stop.check() }
      guard !ready.isEmpty else { throw TransportFailure.timedOut }
    }
  }
}
