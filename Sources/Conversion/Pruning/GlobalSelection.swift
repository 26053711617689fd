import Containers
import Kernels
import Packing
import Synchronization
import TensorModel

/// Finds one cut by magnitude through several tensors, whose elements compare as numbers whatever their types.
///
/// Tensors of one type are read once for types of at most 16 bits, twice for f32, four times for f64; of several types four
/// times; and once more where only some of equal magnitude go.
struct GlobalSelection: Sendable {
  struct Member: Sendable {
    /// Number in the catalog.
    let tensor: Int
    let info: TensorInfo
    let type: WeightType
  }

  private let reader: any ContainerReader
  private let members: [Member]
  private let grids: [ChunkGrid]
  private let items: ItemIndex
  private let threads: Int
  /// The order of all members, where they have one type.
  private let commonOrder: MagnitudeOrder?

  init(_ reader: any ContainerReader, _ members: [Member], threads: Int) {
    self.reader = reader
    self.members = members
    self.threads = threads
    grids = members.map { reader.grid(of: $0.tensor) }
    items = ItemIndex(grids.map(\.count))
    let orders = Set(members.map(\.type.order))
    commonOrder = orders.count == 1 ? orders.first : nil
  }

  /// The cuts, one for each member, that zero the `count` smallest elements together: of equal ones those of the earlier
  /// tensor, and in it those of the lower index. Elements that are not finite stay, so that fewer may go.
  func cuts(zeroing count: Int) throws(ModelError) -> [MagnitudeCut] {
    guard count > 0 else { return members.map { MagnitudeCut(type: $0.type, magnitude: 0, end: 0) } }
    let selection = try select(count)
    let places = members.map { magnitude(at: selection.key, in: $0.type.order) }
    var cuts = zip(members, places).map { member, place in
      MagnitudeCut(type: member.type, magnitude: place.magnitude, end: place.isTied ? member.info.elementCount : 0)
    }
    if selection.ties.taken < selection.ties.all {
      try settle(selection.ties.taken, zip(places, cuts).map { $0.isTied && $1.magnitude > 0 }, &cuts)
    }
    return cuts
  }

  /// A key in terms of one member: all its elements of less than `magnitude` go, and those of it where they are tied.
  private func magnitude(at key: UInt64, in order: MagnitudeOrder) -> (magnitude: UInt64, isTied: Bool) {
    if commonOrder != nil {
      return key <= order.largestFinite ? (key, true) : (order.largestFinite, true)
    }
    let value = Double(bitPattern: key)
    guard value.isFinite, let magnitude = order.magnitude(atLeast: value) else { return (order.largestFinite, true) }
    return (magnitude, order.value(of: magnitude) == value)
  }

  private func select(_ count: Int) throws(ModelError) -> RadixSelection {
    var selection = RadixSelection(keyBits: commonOrder?.keyBits ?? 63, rank: count)
    repeat {
      let begun = selection
      let counters = Mutex<[Counter]>([])
      try forEachChunk { () -> Counter in
        let counter = Counter(begun, isMixed: commonOrder == nil)
        counters.withLock { $0.append(counter) }
        return counter
      } body: { (counter, member, bytes) in
        counter.count(bytes, members[member].type)
      }
      for counter in counters.withLock({ $0 }) { counter.add(to: &selection) }
    } while !selection.advance()
    return selection
  }

  /// What one worker has counted in one visit.
  private final class Counter: Sendable {
    private let isMixed: Bool
    private let state: Mutex<(selection: RadixSelection, keys: [UInt64])>

    init(_ begun: RadixSelection, isMixed: Bool) {
      self.isMixed = isMixed
      state = Mutex((begun, []))
    }

    func count(_ bytes: RawSpan, _ type: WeightType) {
      state.withLock { state in
        guard isMixed else { return PruneMagnitude.count(bytes, type.order, in: &state.selection) }
        let elements = bytes.byteCount / type.width
        state.keys.grow(to: elements)
        type.widening.magnitudes(bytes, into: &state.keys)
        state.selection.count(state.keys, elements)
      }
    }

    func add(to selection: inout RadixSelection) { state.withLock { selection.merge($0.selection) } }
  }

  /// Ends the cuts of tied members so that `count` elements of the magnitude at the cut go.
  private func settle(_ count: Int, _ isTied: [Bool], _ cuts: inout [MagnitudeCut]) throws(ModelError) {
    let magnitudes = cuts.map(\.magnitude)
    let matches = Mutex([Int](repeating: 0, count: members.count))
    try forEachChunk {
    } body: { (_, number, bytes) in
      guard isTied[number] else { return }
      let found = PruneMagnitude.count(of: magnitudes[number], in: bytes, members[number].type.order)
      matches.withLock { $0[number] += found }
    }
    var left = count
    for (number, matches) in matches.withLock({ $0 }).enumerated() where isTied[number] {
      let member = members[number]
      let taken = min(left, matches)
      left -= taken
      guard taken < matches else { continue }
      cuts[number] = MagnitudeCut(type: member.type, magnitude: magnitudes[number], end: 0)
      guard taken > 0 else { continue }
      let walk = TensorWalk(
        session: reader.makeSession(), tensor: member.tensor, info: member.info, type: member.type)
      let end = try within("tensor '\(member.info.name)'") { () throws(ModelError) in
        try MagnitudeSelection(walk: walk).end(after: taken, of: magnitudes[number])
      }
      cuts[number] = MagnitudeCut(type: member.type, magnitude: magnitudes[number], end: end)
    }
  }

  /// Lends every chunk of every member to one of the workers, with the number of the member and the worker's own state.
  private func forEachChunk<State>(
    _ makeState: @Sendable () -> State, body: @Sendable (State, _ member: Int, RawSpan) -> Void
  ) throws(ModelError) {
    try Pump.run(items: items.count, threads: threads) { () throws(ModelError) in
      (session: reader.makeSession(), state: makeState())
    } work: { (worker, item) throws(ModelError) in
      let (number, chunk) = items[item]
      let member = members[number]
      let range = grids[number].bytes(ofChunk: chunk)
      try within("tensor '\(member.info.name)'") { () throws(ModelError) in
        try worker.session.withBytes(of: member.tensor, range) { (bytes) throws(ModelError) in
          body(worker.state, number, bytes)
        }
      }
      worker.session.release(of: member.tensor, range)
    }
  }
}
