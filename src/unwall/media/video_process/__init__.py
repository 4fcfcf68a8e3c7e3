"""Videos are read and encoded here, in a process of its own with limits of memory, time and files: what it reads was
sent by strangers, and the encoders take all the processor that they get. Nothing else imports PyAV.
"""
