/// What is remembered of a key in a `CrowdedTable`.
protocol CrowdedMark: Equatable {
  /// What is remembered of nobody in particular.
  static var blank: Self { get }
  /// Whether this one is the first to lose its place.
  func isLighter(than other: Self) -> Bool
  /// Adds what is held against another key.
  mutating func merge(_ other: Self)
}

/// What is held against many keys, in memory that does not grow.
///
/// Each key has a few places that it can be in. Where they are all taken the lightest mark loses
/// its place, and is from then on held against every key that has none there: to crowd the table is
/// no way to be forgotten.
struct CrowdedTable<Mark: CrowdedMark> {
  private struct Place {
    /// 0 where there is none.
    var key: UInt64 = 0
    var mark = Mark.blank
  }

  private static var ways: Int { 8 }

  private var places: [Place]
  /// For each set of places, what is held against those who have none.
  private var others: [Mark]

  /// - Parameter capacity: how many keys there may be, rounded up to a power of two; at least 8.
  init(capacity: Int) {
    var sets = 1
    while sets * Self.ways < capacity { sets *= 2 }
    places = [Place](repeating: Place(), count: sets * Self.ways)
    others = [Mark](repeating: .blank, count: sets)
  }

  /// - Parameter key: a hash that nobody outside can foresee.
  subscript(key: UInt64) -> Mark {
    get {
      for place in placesOfSet(key) where places[place].key == key { return places[place].mark }
      return others[set(of: key)]
    }
    set {
      var lightest = placesOfSet(key).lowerBound
      for place in placesOfSet(key) {
        if places[place].key == key || places[place].key == 0 {
          places[place] = Place(key: key, mark: newValue)
          return
        }
        if places[place].mark.isLighter(than: places[lightest].mark) { lightest = place }
      }
      others[set(of: key)].merge(places[lightest].mark)
      places[lightest] = Place(key: key, mark: newValue)
    }
  }

  /// How many keys have a mark that `isCounted`.
  func count(where isCounted: (Mark) -> Bool) -> Int {
    places.count { $0.key != 0 && isCounted($0.mark) }
  }

  private func set(of key: UInt64) -> Int {
    Int(truncatingIfNeeded: key >> 32) & (others.count - 1)
  }

  private func placesOfSet(_ key: UInt64) -> Range<Int> {
    let first = set(of: key) * Self.ways
    return first..<first + Self.ways
  }
}
