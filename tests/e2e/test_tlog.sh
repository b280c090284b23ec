#!/bin/bash
# relto tlog: the trees of RFC 6962 against the published vectors of Certificate Transparency, each proof made and checked,
# and each wrong one refused; signed notes of the published form.
. "$(dirname "$0")/lib.sh"
tlog() { "$RELTO" tlog "$@"; }
printf '%s\n' "" 00 10 2021 3031 40414243 5051525354555657 606162636465666768696a6b6c6d6e6f >"$D/leaves"
roots=(e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
    aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77 d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
    4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4 76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
    ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c 5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328)
for size in 0 1 2 3 4 5 6 7 8; do
    [ "$(tlog root --leaves "$D/leaves" --size $size | cut -f2)" = "${roots[size]}" ] || fail "the root of $size leaves"
    [ $size = 0 ] || for n in 0 $((size - 1)); do
        printf "$(sed -n "$((n + 1))p" "$D/leaves" | sed 's/../\\x&/g')" >"$D/leaf"
        proof=$(tlog prove --leaves "$D/leaves" --index $n --size $size | cut -f1)
        tlog inclusion --index $n --size $size --root "${roots[size]}" --leaf "$D/leaf" $proof >/dev/null || fail "leaf $n of $size"
        tlog inclusion --index $n --size $size --root "${roots[(size + 1) % 9]}" --leaf "$D/leaf" $proof >/dev/null && fail "leaf $n under another root"
    done
    for old in $(seq 0 $size); do
        proof=$(tlog prove --leaves "$D/leaves" --old $old --size $size | cut -f2)
        tlog consistency --old $old --old-root "${roots[old]}" --size $size --root "${roots[size]}" $proof >/dev/null || fail "$old in $size"
        tlog consistency --old $old --old-root "${roots[(old + 1) % 9]}" --size $size --root "${roots[size]}" $proof >/dev/null && fail "another $old in $size"
    done
done
tlog root --leaves "$D/leaves" --size 9 2>"$D/out" && fail "nine of eight leaves"
tlog inclusion --index 0 --size 1 --root zz --leaf "$D/leaf" 2>/dev/null; [ $? = 2 ] || fail "a root that is no hash"
echo 0g >"$D/bad"; tlog root --leaves "$D/bad" 2>"$D/out" && fail "leaves that are no hexadecimal"
grep -q 'hexadecimal' "$D/out" || fail "does not say what was expected"

# a note of Go's sumdb/note: text, key and signature as that package's documentation publishes them
key=PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
printf '%s\n' "If you think cryptography is the answer to your problem," "then you don't know what your problem is." "" \
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=" >"$D/note"
tlog note --key "$key" "$D/note" | grep -qx 'signed PeterNeumann' || fail "the published note"
sed 's/cryptography/Cryptography/' "$D/note" >"$D/other"
tlog note --key "$key" "$D/other" 2>/dev/null && fail "a changed note"
tlog note --key "${key/c74f20a3/c74f20a4}" "$D/note" 2>/dev/null && fail "a key whose id is another's"
echo "trees, proofs and notes are as published"
