import Wire

/// A machine's clock: off by something, and set forth or back now and then.
struct PartyClock {
  /// In milliseconds, ahead of true time.
  private(set) var offset: Int

  init(offset: Int = 0) { self.offset = offset }

  mutating func set(to time: Timestamp, at now: Timestamp) {
    offset = Int(time.milliseconds) - Int(now.milliseconds)
  }

  func time(at now: Timestamp) -> Timestamp {
    let distance = Interval.milliseconds(UInt64(offset.magnitude))
    return offset < 0 ? now - distance : now + distance
  }
}
