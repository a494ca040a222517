#!/bin/sh
# Runs everything that takes too long for tests/run.sh: random laws, every point of the sweeps, properties with many
# cases, fuzzing, benchmarks.
#
#   sh tests/long.sh [NAME…]
#
# NAME is a stage; the default is all. Each stage prints its seed, its counts, its time and the commit, and replaces
# its row in tests/long.md. A stage that cannot run prints `skipped: NAME: reason`. Fails if a stage fails; its log is
# in target/long/. SEED is the random seed (default: the current time); SECONDS_EACH is the duration of each fuzz
# target.
set -eu
cd "$(dirname "$0")/.."

STAGES="laws sweeps properties fuzz benches"
seed=${SEED:-$(date +%s)}
seconds_each=${SECONDS_EACH:-60}
out=target/long
mkdir -p "$out"

commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- . ':!tests/long.md' || commit="$commit, changed"

# The tests of a package that fit a filter.
run_tests() {
    package=$1
    shift
    cargo test --locked -p "$package" "$@"
}

# Generated specs under every emulator option and with faults, ten times as many as in tests/run.sh.
laws() {
    rm -f target/tmp/laws.txt
    LAWS=20 LAWS_SEED=$seed run_tests provision --test it -- the_laws_hold_under
    counted=$(cat target/tmp/laws.txt)
}

# Kills the process at every call, and loses the response to every call.
sweeps() {
    rm -f target/tmp/kills-*.txt target/tmp/lost-*.txt
    SWEEP=all run_tests provision --test it -- kills:: lost::
    counted=$(head -qn 1 target/tmp/kills-*.txt target/tmp/lost-*.txt | paste -sd';' - | sed 's/;/; /g')
}

# Properties with a hundred times as many cases. PROPTEST_CASES scales properties with other numbers.
properties() {
    filters="fuzzing:: spellings:: channel:: session:: laws:: agreement:: imports::"
    cases=25600
    # shellcheck disable=SC2086 # each filter is an argument
    PROPTEST_CASES=$cases PROPTEST_RNG_SEED=$seed cargo test --locked --workspace --lib --test '*' -- \
        $filters
    counted="$cases cases of a property that tries 256 by default"
}

# The fuzz targets on stable Rust: instrumented as cargo-fuzz does it, without a sanitizer.
fuzz() {
    command -v c++ >/dev/null || { skipped="libFuzzer needs a C++ compiler"; return; }
    host=$(rustc -vV | sed -n 's/^host: //p')
    RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table" \
        cargo build --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
    counted=
    for target in fuzz/targets/*.rs; do
        target=$(basename "$target" .rs)
        corpus=target/fuzz/corpus/$target
        mkdir -p "$corpus"
        case $target in
            source | spec) more="-dict=fuzz/spec.dict templates/minimal templates/article" ;;
            template) more="tests/data/templates" ;;
            stack_template) more="-dict=fuzz/stack_template.dict tests/data/templates" ;;
            *) more="-dict=fuzz/plane.dict" ;;
        esac
        # shellcheck disable=SC2086 # options and folders
        "target/fuzz/$host/release/$target" -seed="$((seed % 4294967295))" -max_total_time="$seconds_each" \
            -rss_limit_mb=2048 -timeout=5 -max_len=8192 -print_final_stats=1 \
            -artifact_prefix=target/fuzz/artifacts- "$corpus" $more 2>&1 | tee "$out/fuzz-$target.log"
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/fuzz-$target.log")
        # A target that finds an error stops without statistics.
        [ -n "$runs" ] || return 1
        counted="$counted${counted:+; }$target: $runs inputs"
    done
}

benches() {
    cargo bench --locked | tee "$out/benches.txt"
    counted="$(grep -c '^|' "$out/benches.txt" || :) rows"
}

if [ -n "${STAGE:-}" ]; then
    # One stage, in a separate process, which stops at the first command that fails.
    counted='' skipped=''
    "$STAGE"
    printf '%s' "$counted" >"$out/$STAGE.counted"
    printf '%s' "$skipped" >"$out/$STAGE.skipped"
    exit
fi

wanted=${*:-$STAGES}
for stage in $wanted; do
    case " $STAGES " in *" $stage "*) continue ;; esac
    echo "error: unknown stage $stage; the stages are: $STAGES" >&2
    exit 64
done

failed=
for stage in $wanted; do
    printf '\n== %s (seed %s, commit %s)\n' "$stage" "$seed" "$commit"
    begun=$(date +%s)
    rm -f "$out/$stage.counted" "$out/$stage.skipped"
    if STAGE=$stage SEED=$seed sh tests/long.sh >"$out/$stage.log" 2>&1; then
        counted=$(cat "$out/$stage.counted")
        result=passed
    else
        counted=
        result=FAILED
        failed="$failed $stage"
        tail -n 40 "$out/$stage.log"
    fi
    why=$(cat "$out/$stage.skipped" 2>/dev/null || :)
    if [ -n "$why" ]; then
        result="skipped: $why"
        echo "skipped: $stage: $why"
    fi
    took=$(($(date +%s) - begun))
    echo "$result in $took s: $counted"
    echo "| $stage | $result | $seed | $counted | $took s | $commit |" >"$out/$stage.row"
done

# The new rows of stages that ran, and the old rows of the others.
{
    sed -n '1,/^|---/p' tests/long.md
    for stage in $STAGES; do
        case " $wanted " in
            *" $stage "*) cat "$out/$stage.row" ;;
            *) grep "^| $stage |" tests/long.md || : ;;
        esac
    done
} >"$out/long.md"
cp "$out/long.md" tests/long.md
[ -z "$failed" ] || { echo "error: failed:$failed; the logs are in $out" >&2; exit 1; }
