#!/usr/bin/env python3
"""A node that talks to others and does not do as it should.

usage: hostile_node.py WHAT SECONDS CERT KEY ADDRESS-FILE REQUESTS-FILE

WHAT is what it does. `pages` takes a page that is pushed to it, and stands where it stood before at the next; `attachments` takes
every page, and wants the attachments whose lines stand in WANTED-FILE (environment WANTED) in turn whatever it was sent; `cuts`
does as well, and ends the connection instead of answering; `cards` has a newer card for every question: the files of the folder
CARDS (environment), in order of name. It ends by itself after SECONDS. Each request is a line in REQUESTS-FILE: method, path,
status, and how many milliseconds its body took.
"""
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

what, seconds, cert, key, address_file, requests_file = sys.argv[1:]
wanted = open(os.environ["WANTED"]).read().splitlines() if "WANTED" in os.environ else []
cards = sorted(os.scandir(os.environ["CARDS"]), key=lambda f: f.name) if what == "cards" else []
requests = open(requests_file, "w", buffering=1)
asked = 0


class Node(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    took = 0

    def read_body(self):
        begun = time.monotonic()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.took = int((time.monotonic() - begun) * 1000)

    def answer(self, status, body=b"", **headers):
        print(self.command, self.path, status, self.took, file=requests)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.read_body()
        start = int(parse_qs(urlsplit(self.path).query)["start"][0])
        if what == "pages" and start > 0:
            self.answer(409, Inbox_Position="0")
        else:
            self.answer(200, Inbox_Position=str(start + 1))

    def do_GET(self):
        global asked
        if what == "cards":
            self.tell_card()
            return
        line = wanted[asked % len(wanted)] + "\n" if wanted else ""
        asked += 1
        self.answer(200, line.encode())

    def tell_card(self):
        global asked
        if self.path != "/v1/card":
            self.answer(404)
            return
        body = open(cards[min(asked, len(cards) - 1)].path, "rb").read()
        asked += 1
        self.answer(200, body)

    def do_PUT(self):
        if what == "cuts":
            print("PUT", self.path, "cut", file=requests)
            self.close_connection = True
            return
        self.read_body()
        self.answer(201)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(address_file + ".new", "w") as f:
    print("127.0.0.1:%d" % server.server_address[1], file=f)
os.rename(address_file + ".new", address_file)
threading.Timer(float(seconds), server.shutdown).start()
server.serve_forever()
