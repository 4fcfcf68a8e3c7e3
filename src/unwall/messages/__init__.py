"""What is told to whom: notifications in the app, as push messages and as mails; it hears facts by subscription."""
