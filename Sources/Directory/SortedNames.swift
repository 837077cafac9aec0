internal import Wire

/// A set of names in their order.
struct SortedNames {
  private var names: [PrincipalName] = []

  /// Those that come after this one; nil: all.
  func names(after name: PrincipalName?) -> ArraySlice<PrincipalName> {
    guard let name else { return names[...] }
    let start = place(of: name)
    return names[start...].drop { $0 == name }
  }

  mutating func insert(_ name: PrincipalName) {
    let place = place(of: name)
    if place < names.count, names[place] == name { return }
    names.insert(name, at: place)
  }

  mutating func remove(_ some: [PrincipalName]) {
    guard !some.isEmpty else { return }
    let removed = Set(some)
    names.removeAll { removed.contains($0) }
  }

  /// Where the name is, or would be.
  private func place(of name: PrincipalName) -> Int {
    var (low, high) = (0, names.count)
    while low < high {
      let middle = (low + high) / 2
      if names[middle] < name { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
