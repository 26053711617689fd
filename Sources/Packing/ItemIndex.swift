/// Numbers the members of several groups in one run: item n is member m of group g.
package struct ItemIndex: Sendable {
  /// The first item of each group, and the number of all items.
  private let starts: [Int]

  package init(_ sizes: [Int]) {
    var starts = [0]
    starts.reserveCapacity(sizes.count + 1)
    for size in sizes { starts.append(starts[starts.count - 1] + size) }
    self.starts = starts
  }

  package var count: Int { starts[starts.count - 1] }

  package subscript(item: Int) -> (group: Int, member: Int) {
    precondition(item >= 0 && item < count)
    // The last group that begins at or before the item; empty groups before it begin there too.
    var low = 0
    var high = starts.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= item { low = middle } else { high = middle }
    }
    return (low, item - starts[low])
  }
}
