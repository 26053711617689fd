import ArgumentParser
import Tare

extension ConvertCommand {
  func run() throws {
    try demandFreeFile()
    var limits = Limits()
    limits.expansion = maxExpansion
    let base = try against.open()
    let conversion = try Conversion(path: input, request(), limits: limits, base: base)
    if kind != .tare { talk.note(base, givenFor: conversion.source) }
    if kind == nil && !conversion.files.isFolder {
      throw UsageError(
        "\(output) does not say what to write", hint: "--to names the container; a / behind the name makes it a folder")
    }
    var report = ConversionText(
      conversion, input: input, output: output, isPacked: kind == .tare, compression: compression(of: conversion))
    for note in report.notesBefore { talk.note(note) }
    guard !dryRun else {
      try demandFreeOutput(conversion)
      return try StandardOutput.shared.write(result.json ? report.json(isDry: true) : report.plan)
    }
    report.written = try write(conversion, base)
    for note in report.notesAfter { talk.note(note) }
    if verify { report.comparison = try compare(conversion) }
    try StandardOutput.shared.write(result.json ? report.json(isDry: false) : report.lines)
    if report.comparison?.isWhole == false { throw ExitCode(1) }
  }

  /// How the model is pruned, where that is asked for.
  func pruningRequest() throws -> PruningRequest? {
    guard let prune else { return nil }
    let activations = try activations.map { ActivationNorms(try ContainerRegistry.open(path: $0)) }
    return PruningRequest(
      prune, activations: activations, threads: planningThreads,
      begin: planningProgress("deciding what to prune of \(input)"))
  }

  /// How the model is quantised, where that is asked for.
  var quantizationRequest: QuantizationRequest? {
    gridSpec.map {
      QuantizationRequest(
        $0, threads: planningThreads, begin: planningProgress("finding the scales of \(input)"))
    }
  }

  private var planningThreads: Int { WorkerBudget.decoders(work.threadCount, memory: work.memoryBytes) }

  /// Shows how far planning is.
  private func planningProgress(_ title: String) -> @Sendable (Int) -> @Sendable (Int) -> Void {
    let talk = talk
    return { totalBytes in
      let progress = talk.progress(title, totalBytes: totalBytes)
      return { progress.advance(by: $0) }
    }
  }

  /// OUT as a path: a slash behind a folder's name is no part of it.
  private var place: String {
    var path = output
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// How the files are compressed, where they are HDF5 and not packed.
  private func compression(of conversion: Conversion) -> HDF5Compression? {
    guard [.hdf5, .keras].contains(conversion.container), kind != .tare else { return nil }
    return (compression ?? .standard).compression
  }

  /// Writes the output.
  private func write(_ conversion: Conversion, _ base: BaseModel?) throws -> ConversionText.Written {
    let progress = talk.progress("converting \(input)", totalBytes: conversion.files.byteCount)
    defer { progress.finish() }
    let clock = ContinuousClock()
    let start = clock.now
    let written = try write(conversion, base, progress)
    let seconds = (clock.now - start) / .seconds(1)
    let speed = byteText(Int(Double(conversion.files.byteCount) / max(seconds, 1e-9)))
    progress.finish()
    talk.detail("\(output): \(speed) a second, \(work.threadCount) threads")
    return written
  }

  private func write(
    _ conversion: Conversion, _ base: BaseModel?, _ progress: Progress
  ) throws -> ConversionText.Written {
    guard kind == .tare else {
      let options = FileWriter.Options(
        threads: work.threadCount, memory: work.memoryBytes, overwrite: overwriting.force,
        compression: compression(of: conversion), envelope: conversion.envelope)
      return .files(try FileWriter.write(conversion.files, to: place, options) { progress.advance(by: $0) })
    }
    let file = try within(place) { () throws(ModelError) in
      try OutputFile(path: place, overwrite: overwriting.force)
    }
    let options = PackOptions(
      effort: Effort(level: (level ?? .standard).number), threads: work.threadCount, memory: work.memoryBytes,
      base: base)
    return .packed(try Packer.pack(conversion.files, into: file, options) { progress.advance(by: $0) }.packedBytes)
  }

  private func compare(_ conversion: Conversion) throws -> ComparisonReport {
    let progress = talk.progress("reading \(output) back", totalBytes: conversion.model.catalog.byteCount)
    defer { progress.finish() }
    return try conversion.compare(with: place, threads: work.threadCount, memory: work.memoryBytes) { done, _ in
      progress.set(done)
    }
  }

  /// Planning a change of weights reads the model: what stops the run anyway stops it before.
  private func demandFreeFile() throws {
    guard prune != nil || quantize != nil, kind != nil, !overwriting.force else { return }
    try within(place) { () throws(ModelError) in try OutputPath.demandFree(place) }
  }

  /// What would stop the run for the output's sake stops a dry one too.
  private func demandFreeOutput(_ conversion: Conversion) throws {
    let isFolder = conversion.files.isFolder && kind != .tare
    guard isFolder || !overwriting.force else { return }
    try within(place) { () throws(ModelError) in try OutputPath.demandFree(place) }
  }
}

extension ComparisonReport {
  /// Whether what was written is what was meant, metadata and all.
  var isWhole: Bool { verdict == .identical && metadataDifferences.isEmpty }
}
